import { nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import { uploads } from '../operations.ts';
import type { Rule } from '../rule.ts';

const gibibyte = 1024 ** 3;

/** Layers of 10 GiB are rare, and somebody who allows them has thought about it. */
const enough = 10 * gibibyte;

/** `client_max_body_size` that is too small for layers. */
export const bodySize: Rule = {
  id: 'body-size',
  check: (front) =>
    front.passed(uploads).flatMap(([name, { limits, scope, by }]): readonly Remark[] => {
      const { bodySize: size } = limits;
      const wanted = name === 'write manifest' ? 4 * 1024 ** 2 : enough;
      if (size === 0 || size >= wanted) return [];
      const directive = nearest(scope, 'client_max_body_size');
      const said = directive
        ? `client_max_body_size ${directive.args[0]?.text ?? ''}`
        : "nginx's own limit of 1m";
      return [
        {
          severity: size < gibibyte ? 'error' : 'warning',
          at: directive?.at ?? by,
          what: `${said}: larger layers are refused with 413 and an HTML page`,
          advice: 'client_max_body_size 0;',
        },
      ];
    }),
};
