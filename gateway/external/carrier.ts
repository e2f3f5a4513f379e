import {
  type Bring,
  type Digest,
  type Exchange,
  type Name,
  type Operation,
  type Registry,
  type Route,
} from '../../registry/index.ts';
import { localRoute, route, type RoutedCaller, type Split } from '../routing.ts';
import type { Backends } from './backend.ts';
import { BringOver } from './bring-over.ts';
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
import { Doubts } from './doubts.ts';
import type { Manner } from './manner.ts';
import { bringReferences, putManifest } from './put-manifest.ts';
import type { ExternalVisit } from './visit.ts';

/** How long a client waits for a mount, in ms; some give up after 30 s. A longer transfer goes on, for the manifest. */
const mountPatience = 15_000;

/** Our own registry, as far as a host needs it whose other half is external. */
export type EmbeddedRegistry = Pick<Registry, 'answer' | 'content'>;

/** Carries content of one host from who is read from to who takes the push. */
export class Carrier {
  readonly #split: Split;
  readonly #backends: Backends;
  readonly #registry: EmbeddedRegistry;
  readonly #bringOver = new BringOver();
  readonly #doubts = new Doubts();

  constructor(split: Split, backends: Backends, registry: EmbeddedRegistry) {
    this.#split = split;
    this.#backends = backends;
    this.#registry = registry;
  }

  /** Whether a blob that could not be brought lately is not to count as there. */
  isDoubtful(name: Name, digest: Digest): boolean {
    return this.#doubts.has(name, digest);
  }

  /** How the repository of ours, if there is one, answers; undefined when it is the other side that does. */
  async ownPart(
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

  /** Passes a manifest on by `forward`, with what it references. */
  async putManifest(
    visit: ExternalVisit,
    operation: Extract<Operation, { kind: 'manifest-put' }>,
    caller: RoutedCaller,
    manner: Manner,
    forward: (body: Buffer) => Promise<void>,
  ): Promise<void> {
    const parts = { ...this.#carrying(), ...this.#ends(visit, operation.name, caller, manner) };
    await putManifest(parts, visit, operation, forward);
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
  async mount(
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

  /** Ends what is under way. */
  stop(): void {
    this.#bringOver.stop();
  }
}
