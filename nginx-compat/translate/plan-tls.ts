import type { CertificateFiles } from '../reading/server.ts';
import type { Decisions } from './decisions.ts';
import type { HostPlan } from './plan-host.ts';
import type { KeyPair, Traced } from './plan.ts';

/** The certificate of all hosts, or those of single ones. */
export interface TlsPlan {
  readonly shared?: KeyPair;
  readonly own: ReadonlyMap<HostPlan, { readonly tls: KeyPair }>;
}

/** One pair of files for all where all have it; else each host its own, and Dockgate's own authority for the rest. */
export function planTls(
  hosts: readonly HostPlan[],
  decisions: Decisions,
  absolute: (path: string) => string,
): TlsPlan {
  const pairs = hosts.map((each) => [each, pairOf(each, decisions, absolute)] as const);
  const names = new Set(pairs.map(([, pair]) => pair && `${pair.cert.value}\0${pair.key.value}`));
  const [[, first] = []] = pairs;
  if (first && names.size === 1) {
    const all = pairs.flatMap(([, pair]) => (pair ? [pair] : []));
    return { shared: { cert: merge(all, 'cert'), key: merge(all, 'key') }, own: new Map() };
  }
  return { own: new Map(pairs.flatMap(([each, tls]) => (tls ? [[each, { tls }] as const] : []))) };
}

function merge(pairs: readonly KeyPair[], side: 'cert' | 'key'): Traced<string> {
  const from = [...new Set(pairs.flatMap((pair) => pair[side].from))];
  return { value: pairs[0]?.[side].value ?? '', from };
}

function pairOf(
  { routed: { site } }: HostPlan,
  decisions: Decisions,
  absolute: (path: string) => string,
): KeyPair | undefined {
  if (!site.listen.ssl) return undefined;
  const usable = site.server.certificates.filter((each) => isFile(each, decisions));
  const [first, ...others] = usable;
  for (const { certificate, key } of others) {
    const why = 'a host shows one certificate; name the one that all clients can read';
    for (const word of [certificate, key]) if (word) decisions.note(word.at, 'unsupported', why);
  }
  if (first?.key === undefined) return undefined;
  const traced = ({
    text,
    at,
  }: {
    text: string;
    at: CertificateFiles['certificate']['at'];
  }): Traced<string> => {
    decisions.note(
      at,
      'mapped',
      'tls: the file stays where it is, and a new one is taken while Dockgate runs',
    );
    return { value: absolute(text), from: [at] };
  };
  return { cert: traced(first.certificate), key: traced(first.key) };
}

function isFile({ certificate, key }: CertificateFiles, decisions: Decisions): boolean {
  const strange = [certificate, key].filter((word) => word && /\$|^(data|engine):/.test(word.text));
  for (const word of strange)
    if (word)
      decisions.note(
        word.at,
        'unsupported',
        'only the names of PEM files can be used; write tls.cert and tls.key',
      );
  return strange.length === 0 && key !== undefined;
}
