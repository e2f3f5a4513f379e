import type { Name } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { answerDue } from './deadline.ts';
import { UpstreamFailure } from './failure.ts';
import type { RateLimit } from './rate-limit.ts';
import { hidden, refusal } from './refusal.ts';
import { basicAuthorization, type ClientSettings } from './settings.ts';
import type { Counts } from './tally.ts';
import { TokenSource, type TokenRequest } from './token-source.ts';
import { Transport, type Ask } from './transport.ts';

/** What the upstream wants, as far as it has told. */
type Demand =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: URL;
      readonly service: string | undefined;
      readonly scopeOf: (name: Name | undefined) => string;
    };

/** An Authorization header, and for a token how it was come by. */
interface Pass {
  readonly authorization: string;
  readonly token?: { readonly text: string; readonly request: TokenRequest; readonly fresh: boolean };
}

/** A request with the time by which its answer must be here. */
type BoundedAsk = Ask & { readonly until: number };

/** Without, with a remembered pass that is refused, and with a new one. */
const mostAttempts = 3;
/** How long it is known whether a registry asks for a login, in ms. */
const gateTime = 60_000;

/** Sends requests with the authorization that the upstream asks for, and remembers what it asked for. */
export class Client {
  readonly #settings: ClientSettings;
  readonly #transport: Transport;
  readonly #tokens: TokenSource;
  #demand: Demand | undefined;
  #gate: { readonly demand: Demand | undefined; readonly until: number } | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#transport = new Transport(settings);
    this.#tokens = new TokenSource(settings, this.#transport);
  }

  /**
   * The answer to a request about `name`, or about no image in particular; 401, with its body dropped, only when nothing
   * that we have is accepted. Another's `authorization` is tried first. Throws UpstreamFailure, or the signal's reason
   * once it fired.
   */
  async send(ask: Ask, name?: Name, authorization?: string): Promise<Answer> {
    const whole = { ...ask, until: ask.until ?? answerDue(this.#settings) };
    if (authorization !== undefined) {
      const answer = await this.#transport.send({ ...whole, headers: { ...ask.headers, authorization } });
      if (answer.status !== 401) return answer;
      answer.drop();
    }
    let pass = this.#demand && (await this.#passFor(this.#demand, name, whole));
    for (let attempt = 1; ; attempt += 1) {
      const headers = pass ? { ...ask.headers, authorization: pass.authorization } : ask.headers;
      const answer = await this.#transport.send({ ...whole, headers });
      const anonymous = pass?.token !== undefined && this.#settings.username === undefined;
      if (answer.status === 403 && anonymous) throw hidden(this.#settings.name, answer);
      if (answer.status !== 401) return answer;
      answer.drop();
      const next = attempt < mostAttempts && (await this.#nextPass(answer, pass, name, whole));
      if (!next && anonymous) throw hidden(this.#settings.name, answer);
      if (!next) return answer;
      pass = next;
    }
  }

  /** The answer to a request without authorization, whatever it is. Throws as `send` does. */
  async sendPlain(ask: Ask): Promise<Answer> {
    return await this.#transport.send(ask);
  }

  /**
   * The Authorization header for a scope; undefined where the registry asks for none. One that was `refused` is not given
   * again. Throws UpstreamFailure, or the signal's reason once it fired.
   */
  async authorize(
    scope: string,
    signal: AbortSignal | undefined,
    refused?: string,
  ): Promise<string | undefined> {
    const demand = await this.#atTheGate(signal);
    if (demand?.scheme !== 'bearer') return basicAuthorization(this.#settings);
    const request = { realm: demand.realm, service: demand.service, scope };
    if (refused !== undefined) this.#tokens.discard(request, refused.replace(/^Bearer /, ''));
    const { token } = await this.#tokens.get(request, signal, answerDue(this.#settings));
    return `Bearer ${token}`;
  }

  /** The token service that `GET /v2/` names; undefined where there is none. Throws UpstreamFailure. */
  async realm(signal: AbortSignal | undefined): Promise<URL | undefined> {
    const demand = await this.#atTheGate(signal);
    return demand?.scheme === 'bearer' ? demand.realm : undefined;
  }

  /** What `GET /v2/` asks for; it is asked again after a while, for what it says may change. */
  async #atTheGate(signal: AbortSignal | undefined): Promise<Demand | undefined> {
    const { url } = this.#settings;
    if (this.#gate && this.#gate.until > performance.now()) return this.#gate.demand;
    const root = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    const ask = { method: 'GET', url: new URL(`${root}/v2/`), headers: {}, signal } as const;
    const answer = await this.#transport.send(ask);
    if (answer.status !== 401 && answer.status !== 200) throw refusal(this.#settings.name, answer);
    answer.drop();
    const demand =
      answer.status === 401
        ? this.#demandOf(parseChallenges(answer.header('www-authenticate') ?? ''), undefined)
        : undefined;
    this.#gate = { demand, until: performance.now() + gateTime };
    return demand;
  }

  /** How many pulls the upstream still allows, where it says so. */
  rateLimit(): RateLimit | undefined {
    return this.#transport.rateLimit();
  }

  /** What was asked so far, and is under way. */
  counts(): Counts {
    return this.#transport.counts();
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** Another pass than the one that was refused, if there is one. */
  async #nextPass(
    answer: Answer,
    refused: Pass | undefined,
    name: Name | undefined,
    ask: BoundedAsk,
  ): Promise<Pass | undefined> {
    // A host that we were redirected to must not name the realm that gets the password.
    if (answer.url.origin !== this.#settings.url.origin) return undefined;
    const demand = this.#demandOf(parseChallenges(answer.header('www-authenticate') ?? ''), name);
    if (!demand) return undefined;
    this.#demand = demand;
    if (refused?.token) this.#tokens.discard(refused.token.request, refused.token.text);
    if (refused?.token?.fresh && isSame(requestOf(demand, name), refused.token.request)) return undefined;
    const next = await this.#passFor(demand, name, ask);
    return next?.authorization === refused?.authorization ? undefined : next;
  }

  async #passFor(
    demand: Demand,
    name: Name | undefined,
    { signal, until }: BoundedAsk,
  ): Promise<Pass | undefined> {
    const request = requestOf(demand, name);
    if (!request) {
      const authorization = basicAuthorization(this.#settings);
      return authorization === undefined ? undefined : { authorization };
    }
    const { token, fresh } = await this.#tokens.get(request, signal, until);
    return { authorization: `Bearer ${token}`, token: { text: token, request, fresh } };
  }

  /** Bearer before Basic: with it, the password travels less. */
  #demandOf(challenges: readonly Challenge[], name: Name | undefined): Demand | undefined {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (!bearer) return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
    const { realm = '', service, scope } = bearer.params;
    const url = URL.parse(realm);
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw this.#badRealm();
    return { scheme: 'bearer', realm: url, service, scopeOf: scopePattern(scope, name) };
  }

  #badRealm(): UpstreamFailure {
    const { name, url } = this.#settings;
    const message = `${url.host} asks for a token but names no address to get it from: check that it is a registry`;
    return new UpstreamFailure(name, 'bad-answer', message, { status: 401 });
  }
}

function requestOf(demand: Demand, name: Name | undefined): TokenRequest | undefined {
  if (demand.scheme === 'basic') return undefined;
  return { realm: demand.realm, service: demand.service, scope: demand.scopeOf(name) };
}

function isSame(one: TokenRequest | undefined, other: TokenRequest): boolean {
  return one?.realm.href === other.realm.href && one.service === other.service && one.scope === other.scope;
}

/**
 * How the scope for other names is made from the one that was asked for `name`: some registries put the name of one of
 * their own repositories before it (`repository:docker-remote/library/nginx:pull`), some have one scope for all.
 */
function scopePattern(
  scope: string | undefined,
  name: Name | undefined,
): (other: Name | undefined) => string {
  if (scope === undefined) return (other) => (other === undefined ? '' : `repository:${other}:pull`);
  if (name === undefined) return () => scope;
  const actions = /:[^:]*$/.exec(scope)?.[0] ?? '';
  const before = scope.slice(0, -(name + actions).length);
  const hasName = scope.endsWith(name + actions) && /^repository:(?:[^: ]*\/)?$/.test(before);
  return hasName ? (other) => (other === undefined ? '' : before + other + actions) : () => scope;
}
