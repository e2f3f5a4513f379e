import { nearest, type Limits } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import { uploads } from '../operations.ts';
import type { Rule } from '../rule.ts';

interface Timeout {
  readonly directive: string;
  readonly of: keyof Pick<Limits, 'readTimeout' | 'sendTimeout' | 'clientBodyTimeout' | 'clientSendTimeout'>;
  /** In seconds. */
  readonly least: number;
  readonly loss: string;
}

const timeouts: readonly Timeout[] = [
  {
    directive: 'proxy_read_timeout',
    of: 'readTimeout',
    least: 300,
    loss: 'a registry that checks and stores a large layer, or fetches one, is silent for longer; the client gets 504 and an HTML page',
  },
  {
    directive: 'proxy_send_timeout',
    of: 'sendTimeout',
    least: 60,
    loss: 'a registry that writes slowly is cut off',
  },
  {
    directive: 'client_body_timeout',
    of: 'clientBodyTimeout',
    least: 60,
    loss: 'a client that compresses while it pushes pauses for longer; it gets 408',
  },
  {
    directive: 'send_timeout',
    of: 'clientSendTimeout',
    least: 60,
    loss: 'a client that unpacks while it pulls is cut off',
  },
];

/** Times that cut transfers which still move. */
export const shortTimeouts: Rule = {
  id: 'timeouts',
  check: (front) =>
    front.passed([...uploads, 'read blob']).flatMap(([, { limits, scope, by }]): readonly Remark[] =>
      timeouts.flatMap(({ directive, of, least, loss }) => {
        if (limits[of] >= least) return [];
        const written = nearest(scope, directive);
        return [
          {
            severity: 'warning',
            at: written?.at ?? by,
            what: `${directive} is ${limits[of]} s${written ? '' : ', as nothing else is said'}: ${loss}`,
            advice: `${directive} ${least === 300 ? '900s' : '300s'};`,
          },
        ];
      }),
    ),
};
