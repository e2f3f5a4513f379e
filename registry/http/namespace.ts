import type { Door } from './exchange.ts';

/**
 * A registry as a client calls it, in one form; undefined when that is nobody, or one of `hosts`, which are ours. The
 * port of HTTPS says no more than none.
 */
export function readNamespace(
  text: string | null | undefined,
  hosts: ReadonlySet<string>,
): string | undefined {
  const namespace = text?.toLowerCase().replace(/:443$/, '') ?? '';
  return namespace === '' || hosts.has(namespace.replace(/:\d+$/, '')) ? undefined : namespace;
}

/**
 * The registry whose mirror a client takes us for, by the `ns` of its query, as containerd sends it; undefined without
 * one, and for a host of ours. OCI distribution-spec, "Registry Proxying".
 */
export function namespaceOf(url: string, door: Door, hosts: ReadonlySet<string>): string | undefined {
  const mark = url.indexOf('?');
  if (mark < 0 || !url.includes('ns=', mark)) return undefined;
  const namespace = readNamespace(new URLSearchParams(url.slice(mark)).get('ns'), hosts);
  return namespace === new URL(door.origin).host ? undefined : namespace;
}
