import { Deadline } from './deadline.ts';
import { UpstreamFailure } from './failure.ts';
import { hidden, refusal } from './refusal.ts';
import { basicAuthorization, type ClientSettings } from './settings.ts';
import type { Transport } from './transport.ts';

/** What a token is asked for; `scope` is a list apart by spaces. Distribution "Token Authentication Specification". */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
}

/** A token, and whether it was fetched just now, so that asking again would bring nothing new. */
export interface Grant {
  readonly token: string;
  readonly fresh: boolean;
}

interface HeldToken {
  readonly token: string;
  /** By the settings' clock. */
  readonly until: number;
}

/** Of an answer of a token service, in bytes; real ones have a few thousand. */
const answerLimit = 1_048_576;
/** What the specification says of a token without `expires_in`, in seconds. */
const defaultLifetime = 60;
/** A token is used no longer than this many seconds before its end: the request that carries it takes time too. */
const margin = 10;
/** A shorter life would mean a fetch for every request; one that is refused is fetched anew anyhow. */
const leastTrust = 5;
/** One token for each name that was asked for lately. */
const mostHeld = 1000;

/** Fetches bearer tokens and keeps them until shortly before they expire; one fetch at a time for each request. */
export class TokenSource {
  readonly #settings: ClientSettings;
  readonly #transport: Transport;
  readonly #held = new Map<string, HeldToken>();
  readonly #running = new Map<string, Promise<HeldToken>>();
  readonly #now: () => number;

  constructor(settings: ClientSettings, transport: Transport) {
    this.#settings = settings;
    this.#transport = transport;
    this.#now = settings.now ?? (() => performance.now());
  }

  /**
   * A token for the request; the signal, and `until` by `performance.now()`, end the wait, not the fetch that others may
   * wait for.
   */
  async get(request: TokenRequest, signal: AbortSignal | undefined, until: number): Promise<Grant> {
    const key = keyOf(request);
    const held = this.#held.get(key);
    if (held && held.until > this.#now()) return { token: held.token, fresh: false };
    const deadline = new Deadline(signal, until - performance.now(), () => this.#late(request.realm));
    try {
      const { token } = await untilAborted(this.#fetchOnce(key, request), deadline.signal);
      return { token, fresh: true };
    } finally {
      deadline.end();
    }
  }

  /** Forgets a token that was refused, unless another has taken its place. */
  discard(request: TokenRequest, token: string): void {
    const key = keyOf(request);
    if (this.#held.get(key)?.token === token) this.#held.delete(key);
  }

  #fetchOnce(key: string, request: TokenRequest): Promise<HeldToken> {
    const running = this.#running.get(key);
    if (running) return running;
    const fetch = this.#fetch(request)
      .then((held) => this.#hold(key, held))
      .finally(() => this.#running.delete(key));
    this.#running.set(key, fetch);
    return fetch;
  }

  #hold(key: string, held: HeldToken): HeldToken {
    this.#held.delete(key);
    this.#held.set(key, held);
    const oldest = this.#held.keys().next();
    if (this.#held.size > mostHeld && !oldest.done) this.#held.delete(oldest.value);
    return held;
  }

  async #fetch(request: TokenRequest): Promise<HeldToken> {
    const asked = this.#now();
    const authorization = this.#credentialsFor(request.realm);
    const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) };
    const answer = await this.#transport.send({
      method: 'GET',
      url: tokenUrl(request),
      headers,
      signal: undefined,
    });
    const refused = answer.status === 401 || answer.status === 403;
    if (refused && authorization === undefined) throw hidden(this.#settings.name, answer);
    if (answer.status !== 200) throw refusal(this.#settings.name, answer);
    const read = parseToken(await answer.read(answerLimit));
    if (!read) throw this.#unusable(`the token service ${request.realm.host} sent no token`);
    const trusted = Math.max(leastTrust, read.lifetime - margin);
    return { token: read.token, until: asked + trusted * 1000 };
  }

  /**
   * The password goes to a realm over https, or to any realm when the operator has chosen to speak with the upstream
   * itself in clear. An https upstream promises that nobody on the way reads the password, and a realm that it names,
   * by mistake or by force, must not break that promise.
   */
  #credentialsFor(realm: URL): string | undefined {
    const authorization = basicAuthorization(this.#settings);
    if (authorization === undefined) return undefined;
    if (realm.protocol === 'https:' || this.#settings.url.protocol === 'http:') return authorization;
    throw this.#unusable(`the password is not sent to the token service ${realm.host}, which is without TLS`);
  }

  #late(realm: URL): UpstreamFailure {
    const message = `the token service ${realm.host} did not answer in time: try again later`;
    return new UpstreamFailure(this.#settings.name, 'timeout', message);
  }

  #unusable(what: string): UpstreamFailure {
    const message = `${what}: make ${this.#settings.url.host} name a working realm in its WWW-Authenticate header`;
    return new UpstreamFailure(this.#settings.name, 'bad-answer', message);
  }
}

function keyOf(request: TokenRequest): string {
  return JSON.stringify([request.realm.href, request.service ?? null, request.scope]);
}

function tokenUrl({ realm, service, scope }: TokenRequest): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.append('service', service);
  for (const part of scope.split(' ')) if (part !== '') url.searchParams.append('scope', part);
  return url;
}

/** Token and lifetime in seconds; `access_token` is the same thing under OAuth's name. */
function parseToken(bytes: Buffer): { token: string; lifetime: number } | undefined {
  try {
    const answer = JSON.parse(bytes.toString()) as Record<string, unknown> | null;
    const token = answer?.token ?? answer?.access_token;
    const lifetime = Number(answer?.expires_in ?? defaultLifetime);
    // What is no visible ASCII cannot stand in a header.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
    return { token, lifetime: Number.isFinite(lifetime) ? lifetime : defaultLifetime };
  } catch {
    return undefined;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
