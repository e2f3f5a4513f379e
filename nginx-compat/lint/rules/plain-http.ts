import type { Remark } from '../finding.ts';
import { ask, type Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** The registry without TLS beside the same with it. */
export const plainHttp: Rule = {
  id: 'plain-http',
  check({ server, ways }: Front): readonly Remark[] {
    if (!ways.some(({ scheme }) => scheme === 'https')) return [];
    return ways
      .filter((way) => way.scheme === 'http' && ask(server, way, 'ping').kind === 'proxy')
      .map(({ port }) => ({
        severity: 'hint',
        at: server.listens.find(({ ports }) => ports.includes(port))?.at ?? server.at,
        what: `port ${port} passes the same registry on without TLS, and passwords with it`,
        advice: `a server of its own for port ${port}: return 301 https://$host$request_uri;`,
      }));
  },
};
