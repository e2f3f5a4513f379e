import {
  parseOperation,
  RegistryError,
  respondError,
  UpstreamFailure,
  type Exchange,
  type Operation,
} from '../../registry/index.ts';
import type { Attempt, Forwarder } from '../forward.ts';
import { route, type RoutedCaller, type Split } from '../routing.ts';
import { Attempts } from './attempts.ts';
import type { Backends } from './backend.ts';
import { Carrier, type EmbeddedRegistry } from './carrier.ts';
import type { HealthReport } from './health.ts';
import { intentOf } from './intent.ts';
import { OwnLogins, passingThrough, type Manner } from './manner.ts';
import { Pushers } from './pushers.ts';
import { Realms } from './realms.ts';
import type { ExternalVisit } from './visit.ts';

/** A host with registries behind it that somebody else runs. */
export class ExternalHost {
  readonly #split: Split;
  readonly #backends: Backends;
  readonly #forwarder: Forwarder;
  readonly #realms: Realms;
  readonly #carrier: Carrier;
  readonly #attempts: Attempts;
  readonly #pushers = new Pushers();
  readonly #logins = new OwnLogins();
  readonly #registry: EmbeddedRegistry;

  constructor(split: Split, backends: Backends, forwarder: Forwarder, registry: EmbeddedRegistry) {
    this.#split = split;
    this.#registry = registry;
    this.#backends = backends;
    this.#forwarder = forwarder;
    this.#carrier = new Carrier(split, backends, registry);
    this.#realms = new Realms([...backends.reads, ...(backends.write ? [backends.write] : [])]);
    this.#attempts = new Attempts(backends, this.#realms, (name, digest) =>
      this.#carrier.isDoubtful(name, digest),
    );
  }

  /** Answers a request whose login is the backends' to check. */
  async serve(visit: ExternalVisit): Promise<void> {
    const { req, facts } = visit;
    const token = await this.#realms.find(req.url ?? '').catch((fault: unknown) => {
      if (!(fault instanceof UpstreamFailure)) throw fault;
      facts.fault = fault.message;
      // Clients are not told of addresses behind us.
      throw new RegistryError('badGateway', { message: 'the registry behind this address does not answer' });
    });
    if (token) {
      facts.operation = 'token';
      await this.#forwarder.forward(req, visit.res, { ...this.#attempts.common(visit), ...token });
      return;
    }
    const operation = readOperation(visit);
    if (operation) await this.#go(visit, operation, this.#callerOf(visit, operation), passingThrough);
    else await this.#serveUnknown(visit);
  }

  /** Answers a request that was let in here; the backends are spoken to with the login of the configuration. */
  async serveAdmitted(visit: ExternalVisit, exchange: Exchange): Promise<void> {
    const { operation, caller } = exchange;
    const leaving = new AbortController();
    visit.res.once('close', () => {
      leaving.abort(new Error('the client is gone'));
    });
    const manner = this.#logins.manner(operation, leaving.signal);
    const own = await this.#carrier.ownPart(visit, exchange, leaving.signal);
    if (own) await this.#registry.answer(exchange, own.route, own.bring);
    else await this.#go(visit, operation, caller, manner);
  }

  /** How the addresses behind it do. */
  report(): readonly (HealthReport & { readonly url: string })[] {
    const { reads, write } = this.#backends;
    return [...reads, ...(write ? [write] : [])].map(({ address, health }) => ({
      url: address.href,
      ...health.report(),
    }));
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#carrier.stop();
    await this.#backends.close();
  }

  async #go(visit: ExternalVisit, operation: Operation, caller: RoutedCaller, manner: Manner): Promise<void> {
    const { req, res, facts } = visit;
    const destination = route(this.#split, operation, caller);
    if (destination.to === 'refusal') await respondError(req, res, destination.error, facts);
    else if (destination.to === 'carrying' && operation.kind === 'manifest-put') {
      const { write } = this.#backends;
      if (!write) throw new Error('a push to nowhere');
      await this.#carrier.putManifest(visit, operation, caller, manner, (body) =>
        this.#forward(visit, [{ ...this.#attempts.at(visit, write, manner), body }]),
      );
    } else {
      if (operation.kind === 'upload-start' && (await this.#carrier.mount(visit, operation, caller, manner)))
        return;
      await this.#forward(visit, this.#attempts.of(visit, operation, destination, manner));
    }
  }

  async #forward({ req, res, facts }: ExternalVisit, attempts: readonly Attempt[]): Promise<void> {
    // The library and each pipeline listen for its end; Node takes more than ten of them for a leak.
    res.setMaxListeners(20 + 10 * attempts.length);
    req.setMaxListeners(20 + 10 * attempts.length);
    if (facts.id !== undefined) res.setHeader('X-Request-Id', facts.id);
    await this.#forwarder.forward(req, res, attempts);
  }

  /** What the wire tells of a caller whose credentials are not ours to read. */
  #callerOf({ req, origin }: ExternalVisit, operation: Operation): RoutedCaller {
    if (!('name' in operation)) return { may: () => false, isUnclear: true };
    const { name } = operation;
    const intent = intentOf(req.headers.authorization, name);
    if (intent !== 'unknown') return { may: (action) => action === 'push' && intent === 'push' };
    const isSign = operation.kind.startsWith('upload-') || (operation.kind === 'blob-get' && operation.head);
    if (isSign) this.#pushers.note(req, origin.client, name);
    return { may: () => this.#pushers.isPushing(req, origin.client, name), isUnclear: true };
  }

  /** Other registries have end-points of their own: they go by their method. */
  async #serveUnknown(visit: ExternalVisit): Promise<void> {
    const { method = '' } = visit.req;
    const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(method);
    const { write } = this.#backends;
    const attempts =
      isRead || !write
        ? this.#attempts.reads(visit, passingThrough)
        : [this.#attempts.at(visit, write, passingThrough)];
    await this.#forward(visit, isRead ? attempts : attempts.slice(0, 1));
  }
}

/** Undefined for what is no operation of a registry that we know. */
function readOperation({ req, facts }: ExternalVisit): Operation | undefined {
  try {
    const operation = parseOperation(req.method ?? '', req.url ?? '');
    facts.operation = operation.kind;
    if ('name' in operation) facts.name = operation.name;
    return operation;
  } catch (fault) {
    if (fault instanceof RegistryError) return undefined;
    throw fault;
  }
}
