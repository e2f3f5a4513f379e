import type { Proxied } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import { ask, type Front, type Way } from '../front.ts';
import { lostHeader } from '../lost-header.ts';
import type { Rule } from '../rule.ts';

/** A Host that does not tell the registry how the client calls it. */
export const hostHeader: Rule = {
  id: 'host-header',
  check: ({ server, ways }: Front) =>
    ways.flatMap((way) => {
      const outcome = ask(server, way, 'begin upload');
      return outcome.kind === 'proxy' ? remarks(outcome, way) : [];
    }),
};

function remarks(outcome: Proxied, { scheme, port }: Way): readonly Remark[] {
  const { headers, scope, by, target } = outcome;
  const sent = (wanted: string): (typeof headers)[number] | undefined =>
    headers.find(({ name }) => name.toLowerCase() === wanted);
  const host = sent('host');
  if (sent('x-forwarded-host')?.value || host?.value === undefined) return [];
  const advice = 'proxy_set_header Host $http_host;';
  if (host.value === target)
    return [
      {
        severity: 'error',
        at: host.at ?? by,
        what: `the registry is asked for the host "${target}", not for the one that the client used: it sends clients there for tokens and uploads${lostHeader(scope, 'Host')}`,
        advice,
      },
    ];
  const isStandard = port === (scheme === 'https' ? 443 : 80);
  if (isStandard || host.value.endsWith(`:${port}`) || sent('x-forwarded-port')?.value) return [];
  return [
    {
      severity: 'error',
      at: host.at ?? by,
      what: `Host ${host.template} loses the port ${port}, on which clients come: the registry sends them to the standard port for tokens and uploads`,
      advice: 'proxy_set_header Host $http_host; (or $host:$server_port)',
    },
  ];
}
