import type { Door } from './exchange.ts';

/**
 * The registry whose mirror a client takes us for, by the `ns` of its query, as containerd sends it; undefined without
 * one, and for a host of ours. OCI distribution-spec, "Registry Proxying".
 */
export function namespaceOf(url: string, door: Door, hosts: ReadonlySet<string>): string | undefined {
  const mark = url.indexOf('?');
  if (mark < 0 || !url.includes('ns=', mark)) return undefined;
  const namespace = new URLSearchParams(url.slice(mark)).get('ns')?.toLowerCase();
  if (namespace === undefined || namespace === '') return undefined;
  const isOurs = namespace === new URL(door.origin).host || hosts.has(namespace.replace(/:\d+$/, ''));
  return isOurs ? undefined : namespace;
}
