import type { Remark } from '../finding.ts';
import { writes } from '../operations.ts';
import type { Rule } from '../rule.ts';

const sticky = new Set(['ip_hash', 'hash', 'sticky']);

/** Uploads that are spread over several servers. */
export const balancedSessions: Rule = {
  id: 'balanced-sessions',
  check: (front) =>
    front.passed(writes).flatMap(([, { upstream, addresses }]): readonly Remark[] => {
      if (upstream === undefined || addresses.length < 2 || sticky.has(upstream.balancing)) return [];
      return [
        {
          severity: 'hint',
          at: upstream.at,
          what: `uploads are spread over the ${addresses.length} servers of "${upstream.name}", and each part of an upload may reach another one: that works only when they share their storage and http.secret`,
          advice: 'when they do not, name one server and make the others "backup", or use ip_hash',
        },
      ];
    }),
};
