import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { AddressRange } from './config/index.ts';
import { plainAddress, trustIn } from './trusted-proxies.ts';

/** Where the client thinks it is, and who it is. */
export interface PublicOrigin {
  /** `https://idocker.io`, with the port if the client used one. */
  readonly origin: string;
  /** The host without its port. */
  readonly host: string;
  /** The client's address. */
  readonly client: string;
  /** Whether a trusted proxy handed the request in: then our own ports say nothing about the client's. */
  readonly viaProxy: boolean;
}

/** Reads the origin of requests that arrive by `scheme`; undefined when the Host header is no host. */
export type ReadOrigin = (req: IncomingMessage, scheme: 'http' | 'https') => PublicOrigin | undefined;

const hostForm = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;

/** X-Forwarded-For, -Proto and -Host are believed when a trusted proxy sends them, else ignored (trap T9). */
export function originReader(trusted: readonly AddressRange[]): ReadOrigin {
  const isTrusted = trustIn(trusted);

  return (req, scheme) => {
    const peer = plainAddress(req.socket.remoteAddress);
    const forwarded = isTrusted(peer);
    const authority =
      (forwarded ? last(req.headers['x-forwarded-host']) : undefined) ?? req.headers.host ?? '';
    const match = hostForm.exec(authority);
    // Some have the form and are no host all the same, such as 1.2.3.4.5 and a:70000.
    if (!match?.[1] || !URL.canParse(`${scheme}://${authority}`)) return undefined;
    const proto = forwarded ? last(req.headers['x-forwarded-proto']) : undefined;
    return {
      origin: `${proto === 'http' || proto === 'https' ? proto : scheme}://${authority}`,
      host: match[1],
      client: forwarded ? clientOf(req.headers['x-forwarded-for'], peer, isTrusted) : peer,
      viaProxy: forwarded,
    };
  };
}

/** The nearest address that no trusted proxy has; what stands before it may be forged. */
function clientOf(
  header: string | string[] | undefined,
  peer: string,
  isTrusted: (address: string) => boolean,
): string {
  const chain = list(header).filter((address) => isIP(address) !== 0);
  return chain.findLast((address) => !isTrusted(address)) ?? chain[0] ?? peer;
}

function last(header: string | string[] | undefined): string | undefined {
  return list(header).at(-1);
}

function list(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}
