import { proxyFault } from './proxy-fault.ts';

/** Why an upstream gave no definite answer. */
export type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'unauthorized'
  | 'denied'
  | 'hidden'
  | 'rate-limited'
  | 'server-error'
  | 'bad-answer';

/** What else is known: the HTTP `status`, and `retryAfter`, the seconds that the upstream asks us to wait. */
export interface FailureFacts {
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
  readonly asked?: boolean;
}

/**
 * An upstream gave no definite answer. `message` names the repository and the host, says what to do, and holds
 * neither credentials nor the query of a URL, which on a CDN grants access.
 */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  /** The proxy repository whose upstream it is. */
  readonly upstream: string;
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  /** False when the reason is ours and says nothing of the upstream: it was not asked, or we are stopping. */
  readonly asked: boolean;

  constructor(upstream: string, kind: FailureKind, message: string, facts: FailureFacts = {}) {
    super(`${upstream}: ${message}`, facts.cause === undefined ? {} : { cause: facts.cause });
    this.upstream = upstream;
    this.kind = kind;
    this.status = facts.status;
    this.retryAfter = facts.retryAfter;
    this.asked = facts.asked ?? true;
  }
}

interface Fault {
  readonly code: RegExp;
  readonly kind: FailureKind;
  readonly says: string;
}

const isStopping = /^UND_ERR_(DESTROYED|CLOSED)$/;
const checkNetwork = 'check its address, the DNS and the way there';

/** By the error codes of undici, Node and OpenSSL; the first row that fits. */
const faults: readonly Fault[] = [
  {
    code: /^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/,
    kind: 'timeout',
    says: `did not take the connection in time: ${checkNetwork}`,
  },
  { code: /^UND_ERR_HEADERS_TIMEOUT$/, kind: 'timeout', says: 'did not answer in time: try again later' },
  { code: /^UND_ERR_BODY_TIMEOUT$/, kind: 'timeout', says: 'stopped sending: try again later' },
  {
    code: /^ERR_OSSL_/,
    kind: 'tls',
    says: 'cannot be asked with the certificates that are given for it: check that "ca", "clientCert" and "clientKey" are PEM and that the key belongs to the certificate',
  },
  {
    code: /_ALERT_/,
    kind: 'tls',
    says: 'refused the TLS connection: if it wants a client certificate, check "clientCert" and "clientKey"',
  },
  {
    code: /CERT|SSL|TLS|SIGNATURE|HOSTNAME_MISMATCH|^EPROTO$/,
    kind: 'tls',
    says: 'could not be verified: give the CA that signed its certificate as "ca", and check that it speaks https',
  },
  {
    code: /^(HPE_|HTTPParserError|UND_ERR_RES_|UND_ERR_HEADERS_OVERFLOW)/,
    kind: 'bad-answer',
    says: 'did not answer in correct HTTP: check that it is a registry',
  },
  {
    code: /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/,
    kind: 'unreachable',
    says: 'broke the connection: try again',
  },
  { code: isStopping, kind: 'unreachable', says: 'is no longer asked: we are stopping' },
  { code: /^/, kind: 'unreachable', says: `could not be reached: ${checkNetwork}` },
];

/** Whom an error of the connection is about, as the message calls them. */
export interface Way {
  readonly host: string;
  /** The proxy between us and the host. */
  readonly proxy: string | undefined;
}

/** The failure that an error of the connection to a host, or to the proxy before it, means. */
export function failureOf(upstream: string, { host, proxy }: Way, cause: unknown): UpstreamFailure {
  const code = codeOf(cause);
  const ofProxy = proxy === undefined ? undefined : proxyFault(cause, code, host);
  if (ofProxy !== undefined)
    return new UpstreamFailure(upstream, 'unreachable', `the proxy ${proxy ?? ''} ${ofProxy}`, { cause });
  const fault = faults.find((row) => row.code.test(code));
  const why = code === '' ? '' : ` (${code})`;
  const through = proxy === undefined ? '' : `, asked through the proxy ${proxy},`;
  const message = `${host}${through} ${fault?.says ?? ''}${why}`;
  return new UpstreamFailure(upstream, fault?.kind ?? 'unreachable', message, {
    cause,
    asked: !isStopping.test(code),
  });
}

/** True when the connection broke, which also befalls one that the other side closed while it was idle. */
export function isBrokenConnection(cause: unknown): boolean {
  return /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/.test(codeOf(cause));
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const code = 'code' in cause ? cause.code : undefined;
  if (typeof code === 'string') return code;
  return cause.name === 'Error' ? '' : cause.name;
}
