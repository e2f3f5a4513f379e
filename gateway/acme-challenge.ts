import type { IncomingMessage } from 'node:http';
import { findKeyAuthorization } from '../certs/index.ts';
import { certificateFolder } from './certificates.ts';
import type { Config } from './config/index.ts';
import type { Doors } from './doors.ts';
import type { ReadOrigin } from './public-origin.ts';

/** What an ACME server is to find at `/.well-known/acme-challenge/<token>`; undefined: nothing. RFC 8555 8.3. */
export type FindChallenge = (req: IncomingMessage, token: string) => Promise<string | undefined>;

/** Makes what answers for the configured hosts; undefined where no certificate is ordered. */
export function challengeFinder(
  config: Config,
  doors: Doors,
  readOrigin: ReadOrigin,
): FindChallenge | undefined {
  if (config.tls.profile !== 'acme') return undefined;
  return async (req, token) => {
    const host = readOrigin(req, 'http')?.host;
    if (host === undefined || doors.ofConfigured(host) === undefined) return undefined;
    return findKeyAuthorization(certificateFolder(config), token);
  };
}
