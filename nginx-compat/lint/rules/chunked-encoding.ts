import { isOn, nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** `chunked_transfer_encoding off`. */
export const chunkedEncoding: Rule = {
  id: 'chunked-encoding',
  check: ({ scopes }) =>
    scopes
      .filter((scope) => !isOn(scope, 'chunked_transfer_encoding', true))
      .map((scope): Remark => ({
        severity: 'warning',
        at: nearest(scope, 'chunked_transfer_encoding')?.at ?? scope.at,
        what: 'answers of unknown length end by closing the connection, so that a client cannot tell a whole one from one that was cut',
        advice: 'chunked_transfer_encoding on; (or leave it out)',
      })),
};
