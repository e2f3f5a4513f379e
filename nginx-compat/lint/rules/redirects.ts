import { nearestAll, type Server } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** `proxy_redirect` that sends uploads to another host or back to http. */
export const redirects: Rule = {
  id: 'redirects',
  check: ({ server, scopes, ways }: Front) =>
    scopes.flatMap((scope) =>
      nearestAll(scope, 'proxy_redirect').flatMap(({ args, at }): readonly Remark[] => {
        const [from = '', to = ''] = args.map(({ text }) => text);
        const host = /^https?:\/\/([^/$:]+)/.exec(to)?.[1];
        const isPlain = to.startsWith('http://') && ways.every(({ scheme }) => scheme === 'https');
        if (!isPlain && (host === undefined || answersTo(server, host))) return [];
        return [
          {
            severity: 'error',
            at,
            what: `Location headers that begin with ${from} become ${to}${isPlain ? ', though this server speaks TLS' : `, but this server answers to ${server.names.map(({ text }) => text).join(', ')}`}: uploads and redirects go astray`,
            advice:
              'proxy_redirect off; with Host and X-Forwarded-Proto passed on, the registry names the right address itself',
          },
        ];
      }),
    ),
};

function answersTo({ names }: Server, host: string): boolean {
  return (
    names.length === 0 ||
    names.some(
      ({ text, pattern }) =>
        pattern !== undefined ||
        text === host ||
        text === '_' ||
        (/^\*?\./.test(text) && host.endsWith(text.replace('*', ''))),
    )
  );
}
