import { challenge, type Refusal } from '../access/index.ts';
import { errorTable } from '../model/index.ts';
import type { Door } from './exchange.ts';

/** Where the token service is; every host has it. */
const tokenPath = '/v2/token';

/** A 401 says where to get in, whatever made it one. RFC 9110 11.6.1. */
export function challengeHeaders(
  { refuse, scope, error, description }: Refusal,
  { origin }: Door,
): Record<string, string> {
  if (errorTable[refuse.kind].status !== 401) return {};
  return {
    'WWW-Authenticate': challenge({
      realm: `${origin}${tokenPath}`,
      ...(scope !== undefined && { scope }),
      ...(error !== undefined && { error }),
      ...(description !== undefined && { description }),
    }),
  };
}
