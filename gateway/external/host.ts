import {
  parseOperation,
  RegistryError,
  respondError,
  type Bring,
  type Digest,
  type Exchange,
  type Name,
  type Operation,
  type Registry,
  type Route,
} from '../../registry/index.ts';
import type { Attempt, Forwarder } from '../forward.ts';
import { localRoute, route, type Destination, type RoutedCaller, type Split } from '../routing.ts';
import type { Backend, Backends } from './backend.ts';
import { BringOver } from './bring-over.ts';
import { Doubts } from './doubts.ts';
import {
  named,
  nothing,
  sinkOf,
  sinkOfRepository,
  sourceOf,
  sourceOfRepository,
  type Sink,
  type Source,
} from './content.ts';
import type { HealthReport } from './health.ts';
import { intentOf } from './intent.ts';
import { OwnLogins, passingThrough, type Manner } from './manner.ts';
import { Pushers } from './pushers.ts';
import { bringReferences, putManifest } from './put-manifest.ts';
import { Realms } from './realms.ts';
import type { ExternalVisit } from './visit.ts';

/** How long a client waits for a mount, in ms; some give up after 30 s. A longer transfer goes on, for the manifest. */
const mountPatience = 15_000;

/** Our own registry, as far as a host needs it whose other half is external. */
export type EmbeddedRegistry = Pick<Registry, 'answer' | 'content'>;

/** A host with registries behind it that somebody else runs. */
export class ExternalHost {
  readonly #split: Split;
  readonly #backends: Backends;
  readonly #forwarder: Forwarder;
  readonly #realms: Realms;
  readonly #bringOver = new BringOver();
  readonly #doubts = new Doubts();
  readonly #pushers = new Pushers();
  readonly #logins = new OwnLogins();
  readonly #registry: EmbeddedRegistry;

  constructor(split: Split, backends: Backends, forwarder: Forwarder, registry: EmbeddedRegistry) {
    this.#split = split;
    this.#registry = registry;
    this.#backends = backends;
    this.#forwarder = forwarder;
    this.#realms = new Realms([...backends.reads, ...(backends.write ? [backends.write] : [])]);
  }

  /** Answers a request whose login is the backends' to check. */
  async serve(visit: ExternalVisit): Promise<void> {
    const { req, facts } = visit;
    const token = await this.#realms.find(req.url ?? '');
    if (token) {
      facts.operation = 'token';
      await this.#forwarder.forward(req, visit.res, { ...this.#common(visit), ...token });
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
    const own = await this.#ownPart(visit, exchange, leaving.signal);
    if (own) await this.#registry.answer(exchange, own.route, own.bring);
    else await this.#go(visit, operation, caller, manner);
  }

  /** How the repository of ours, if there is one, answers; undefined when it is the other side that does. */
  async #ownPart(
    visit: ExternalVisit,
    { operation, caller }: Exchange,
    signal: AbortSignal,
  ): Promise<{ route: Route | undefined; bring?: Bring } | undefined> {
    const { read, write } = this.#split;
    const destination = route(this.#split, operation, caller);
    if (destination.to === 'registry') return { route: destination.route };
    if (destination.to === 'either' && operation.kind === 'blob-get') {
      const { name, digest } = operation;
      const isDoubtful = this.#doubts.has(name, digest);
      if (write && 'repository' in write) {
        const route = localRoute(write.repository, read);
        const isHeld = await this.#registry.content(write.repository).findBlob(name, digest, 'local');
        const isThere = !isHeld && !isDoubtful && (await this.#isRead(name, digest, signal));
        return isThere ? undefined : { route };
      }
      if (!('repository' in read) || isDoubtful || !caller.may('pull', name)) return undefined;
      const isHeld = await this.#registry.content(read.repository).findBlob(name, digest, 'local');
      return isHeld && { route: localRoute(read.repository, read) };
    }
    if (destination.to === 'carrying' && operation.kind === 'manifest-put') {
      if (!write || !('repository' in write) || !this.#backends.reader) return undefined;
      const to = sinkOfRepository(this.#registry.content(write.repository));
      const parts = { ...this.#carrying(), from: sourceOf(this.#backends.reader), to };
      const bring: Bring = (bytes, mediaType) =>
        bringReferences(parts, visit, operation, { mediaType, bytes });
      return {
        route: localRoute(write.repository, read),
        ...(caller.may('pull', operation.name) && { bring }),
      };
    }
    return undefined;
  }

  /** Whether who is read from has a blob; one that gives no answer has none (trap T3). */
  async #isRead(name: Name, digest: Digest, signal: AbortSignal): Promise<boolean> {
    const found = await this.#backends.reader?.headBlob(name, digest, signal).catch(() => undefined);
    return found !== undefined;
  }

  #carrying() {
    return { bringOver: this.#bringOver, doubts: this.#doubts };
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
    this.#bringOver.stop();
    await this.#backends.close();
  }

  async #go(visit: ExternalVisit, operation: Operation, caller: RoutedCaller, manner: Manner): Promise<void> {
    const { req, res, facts } = visit;
    const destination = route(this.#split, operation, caller);
    if (destination.to === 'refusal') await respondError(req, res, destination.error, facts);
    else if (destination.to === 'carrying' && operation.kind === 'manifest-put') {
      await this.#putManifest(visit, operation, caller, manner);
    } else {
      if (operation.kind === 'upload-start' && (await this.#mount(visit, operation, caller, manner))) return;
      await this.#forward(visit, this.#attempts(visit, operation, destination, manner));
    }
  }

  /** Whom to ask, one after the other. */
  #attempts(
    visit: ExternalVisit,
    operation: Operation,
    destination: Destination,
    manner: Manner,
  ): readonly Attempt[] {
    const reads = this.#reads(visit, manner);
    const { write } = this.#backends;
    const written = (passOver?: Attempt['passOver']): readonly Attempt[] =>
      write ? [this.#attempt(visit, write, manner, passOver)] : reads;
    switch (destination.to) {
      case 'both':
        // Whoever wants a login says so to the client; when all are content it is the one that is read from who answers.
        return [
          ...written((status) => status !== 401),
          ...this.#reads(visit, manner, () => false),
          ...written(),
        ];
      case 'either': {
        if (operation.kind !== 'blob-get') return written();
        if (this.#doubts.has(operation.name, operation.digest)) return written();
        const found = this.#reads(visit, manner, (status) => status >= 400);
        // Who does not have it has the last word, for it says so in the way that clients know of it.
        return [...written((status) => status === 404), ...found, ...written()];
      }
      case 'external':
        return destination.side === 'read' ? reads : this.#writes(visit, operation, manner);
      default:
        return written();
    }
  }

  /** The addresses that are read from; `passOver` for the last of them, too. */
  #reads(visit: ExternalVisit, manner: Manner, passOver?: Attempt['passOver']): readonly Attempt[] {
    const isDown = (status: number): boolean => status >= 500 || status === 429;
    const all = this.#backends.reads;
    const well = new Set(all.filter(({ health }) => health.isWell));
    const inOrder = [...well, ...all.filter((backend) => !well.has(backend))];
    return inOrder.map((backend, at) =>
      this.#attempt(visit, backend, manner, at < all.length - 1 ? isDown : passOver),
    );
  }

  #writes(visit: ExternalVisit, operation: Operation, manner: Manner): readonly Attempt[] {
    const { write } = this.#backends;
    if (!write) return this.#reads(visit, manner);
    if (operation.kind !== 'upload-start' || !operation.mount) return [this.#attempt(visit, write, manner)];
    // T6: a refused mount ends pushes, where an upload would go on. What was refused has begun nothing.
    const [path = ''] = (visit.req.url ?? '').split('?', 1);
    const mounting = this.#attempt(visit, write, manner, (status) =>
      [400, 404, 405, 409, 422].includes(status),
    );
    const plain = this.#attempt(visit, write, manner);
    return [mounting, { ...plain, target: `${write.address.pathname.replace(/\/+$/, '')}${path}` }];
  }

  #attempt(visit: ExternalVisit, backend: Backend, manner: Manner, passOver?: Attempt['passOver']): Attempt {
    const { origin } = visit;
    let authorization: string | null | undefined;
    return {
      ...this.#common(visit),
      address: backend.address,
      hidesLogin: manner.hidesLogin,
      publicRealm: (realm) => this.#realms.publicRealm(realm, backend.address, origin.origin),
      prepare: async () => {
        const introduced = await manner.introduce(backend);
        authorization = introduced.authorization;
        return introduced;
      },
      onOutcome: (outcome) => {
        backend.health.note(outcome);
        if (outcome === 401) manner.refused(backend, authorization);
      },
      ...(passOver && { passOver }),
    };
  }

  #common({ facts, origin }: ExternalVisit) {
    return { origin: origin.origin, client: origin.client, rewriteLocations: true, facts };
  }

  async #forward({ req, res, facts }: ExternalVisit, attempts: readonly Attempt[]): Promise<void> {
    // The library and each pipeline listen for its end; Node takes more than ten of them for a leak.
    res.setMaxListeners(20 + 10 * attempts.length);
    req.setMaxListeners(20 + 10 * attempts.length);
    if (facts.id !== undefined) res.setHeader('X-Request-Id', facts.id);
    await this.#forwarder.forward(req, res, attempts);
  }

  async #putManifest(
    visit: ExternalVisit,
    operation: Extract<Operation, { kind: 'manifest-put' }>,
    caller: RoutedCaller,
    manner: Manner,
  ): Promise<void> {
    const { write } = this.#backends;
    if (!write) throw new Error('a push to nowhere');
    const parts = { ...this.#carrying(), ...this.#ends(visit, operation.name, caller, manner) };
    await putManifest(parts, visit, operation, (body) =>
      this.#forward(visit, [{ ...this.#attempt(visit, write, manner), body }]),
    );
  }

  /** Where content comes from and goes to, as this caller may use them. */
  #ends(
    visit: ExternalVisit,
    readName: Name,
    caller: RoutedCaller,
    manner: Manner,
  ): { from: Source; to: Sink } {
    const { reader, write, writer, destination } = this.#backends;
    if (!write || !writer || !destination) throw new Error('a push to nowhere');
    const authorization = manner.hidesLogin ? undefined : visit.req.headers.authorization;
    const authorizer = manner.hidesLogin ? write.authorizer : authorization;
    const to = sinkOf({ upstream: writer.as(authorization), destination, authorizer });
    const { read } = this.#split;
    const from =
      'repository' in read
        ? sourceOfRepository(this.#registry.content(read.repository))
        : reader && sourceOf(reader.as(authorization));
    // Nobody is brought what he may not read himself; of an external registry he is asked for his own login.
    const mayRead = !manner.hidesLogin || caller.may('pull', readName);
    return { from: from && mayRead ? from : nothing, to };
  }

  /** Makes a mount good that only who is read from can give (trap T6); false when the registry itself is to answer. */
  async #mount(
    visit: ExternalVisit,
    { name, mount }: Extract<Operation, { kind: 'upload-start' }>,
    caller: RoutedCaller,
    manner: Manner,
  ): Promise<boolean> {
    if (!mount?.from || !this.#backends.write || this.#doubts.has(name, mount.digest)) return false;
    const { digest, from } = mount;
    const ends = this.#ends(visit, from, caller, manner);
    const signal = AbortSignal.timeout(mountPatience);
    try {
      // What it has itself it mounts itself.
      if (await ends.to.hasBlob(from, digest, signal)) return false;
      if (!(await this.#bringOver.bringBlob(name, digest, named(ends.from, from), ends.to, signal)))
        return false;
    } catch {
      // The client has it and uploads it, which says more of what is the matter than we could.
      return false;
    }
    visit.facts.digest = digest;
    visit.facts.adopted = 1;
    if (visit.facts.id !== undefined) visit.res.setHeader('X-Request-Id', visit.facts.id);
    visit.res
      .writeHead(201, {
        Location: `/v2/${name}/blobs/${digest}`,
        'Docker-Content-Digest': digest,
        'Content-Length': 0,
      })
      .end();
    return true;
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
      isRead || !write ? this.#reads(visit, passingThrough) : [this.#attempt(visit, write, passingThrough)];
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
