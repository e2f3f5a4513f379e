import type { Proxied } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import { ask, type Way } from '../front.ts';
import { lostHeader } from '../lost-header.ts';
import type { Rule } from '../rule.ts';

/** `X-Forwarded-Proto` that says http, or nothing, behind TLS. */
export const forwardedProto: Rule = {
  id: 'forwarded-proto',
  check: ({ server, ways }) =>
    ways
      .filter(({ scheme }) => scheme === 'https')
      .flatMap((way) =>
        (['begin upload', 'ping'] as const).flatMap((name) => {
          const outcome = ask(server, way, name);
          return outcome.kind === 'proxy' ? remarks(outcome, way) : [];
        }),
      ),
};

function remarks({ headers, scope, by, scheme }: Proxied, { port }: Way): readonly Remark[] {
  const header = headers.find(({ name }) => name.toLowerCase() === 'x-forwarded-proto');
  const advice = 'proxy_set_header X-Forwarded-Proto $scheme;';
  if (header?.value === 'http')
    return [
      {
        severity: 'error',
        at: header.at ?? by,
        what: `X-Forwarded-Proto says "http" although port ${port} speaks TLS: the registry sends clients to http:// for tokens and uploads, and login or push fails`,
        advice,
      },
    ];
  if (header !== undefined && header.value !== '') return [];
  // A backend that is asked by TLS takes that for the scheme.
  if (scheme === 'https' || headers.some(({ name }) => name.toLowerCase() === 'forwarded')) return [];
  return [
    {
      severity: 'warning',
      at: header?.at ?? by,
      what: `X-Forwarded-Proto is not sent from port ${port}, which speaks TLS: most registries then send clients to http:// for tokens and uploads${lostHeader(scope, 'X-Forwarded-Proto')}`,
      advice,
    },
  ];
}
