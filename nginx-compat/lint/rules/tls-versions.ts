import { nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

const old = new Set(['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1']);

/** RFC 8996 forbids TLS before 1.2. */
export const tlsVersions: Rule = {
  id: 'tls-versions',
  check({ server, ways }: Front): readonly Remark[] {
    const directive = nearest(server.scope, 'ssl_protocols');
    const named = directive?.args.map(({ text }) => text) ?? [];
    const bad = named.filter((each) => old.has(each));
    if (directive === undefined || !ways.some(({ scheme }) => scheme === 'https')) return [];
    if (bad.length === 0) return [];
    const isAll = bad.length === named.length;
    return [
      {
        severity: isAll ? 'error' : 'warning',
        at: directive.at,
        what: `${bad.join(', ')} ${bad.length === 1 ? 'is' : 'are'} forbidden since 2021 (RFC 8996)${isAll ? ', and no client of today connects without a newer one' : ''}`,
        advice: 'ssl_protocols TLSv1.2 TLSv1.3;',
      },
    ];
  },
};
