import { nearest } from '../../reading/index.ts';
import type { Proxied } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** HTTP/1.0 to the backend where 1.1 is needed. */
export const httpVersion: Rule = {
  id: 'http-version',
  check: (front) =>
    front
      .passed(['continue upload'])
      .flatMap(([, outcome]) => [...streaming(outcome), ...keptAlive(outcome)]),
};

function streaming({ limits, scope, by }: Proxied): readonly Remark[] {
  if (limits.requestBuffering || limits.httpVersion !== '1.0') return [];
  return [
    {
      severity: 'warning',
      at: nearest(scope, 'proxy_request_buffering')?.at ?? by,
      what: 'docker pushes without a length, and nginx writes such uploads to its disk all the same while it speaks HTTP/1.0 to the registry',
      advice: 'proxy_http_version 1.1; (nginx older than 1.29.7 speaks 1.0 unless told so)',
    },
  ];
}

function keptAlive({ upstream, limits, headers }: Proxied): readonly Remark[] {
  if (upstream?.keepalive === undefined) return [];
  const connection = headers.find(({ name }) => name.toLowerCase() === 'connection');
  if (limits.httpVersion !== '1.0' && connection?.value !== 'close') return [];
  return [
    {
      severity: 'hint',
      at: upstream.at,
      what: `"keepalive" of "${upstream.name}" is without effect: nginx closes each connection to it`,
      advice: 'proxy_http_version 1.1; proxy_set_header Connection "";',
    },
  ];
}
