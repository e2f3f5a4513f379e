import type { Digest, Name, Operation } from '../../registry/index.ts';
import type { Attempt } from '../forward.ts';
import type { Destination } from '../routing.ts';
import type { Backend, Backends } from './backend.ts';
import type { Manner } from './manner.ts';
import type { Realms } from './realms.ts';
import type { ExternalVisit } from './visit.ts';

/** Says of a blob that what the registry for reads has of it could not be brought over lately. */
type IsDoubtful = (name: Name, digest: Digest) => boolean;

/** Which of a host's registries are asked for what, in which order, and how. */
export class Attempts {
  readonly #backends: Backends;
  readonly #realms: Realms;
  readonly #isDoubtful: IsDoubtful;

  constructor(backends: Backends, realms: Realms, isDoubtful: IsDoubtful) {
    this.#backends = backends;
    this.#realms = realms;
    this.#isDoubtful = isDoubtful;
  }

  /** Whom to ask, one after the other. */
  of(
    visit: ExternalVisit,
    operation: Operation,
    destination: Destination,
    manner: Manner,
  ): readonly Attempt[] {
    const reads = this.reads(visit, manner);
    const { write } = this.#backends;
    const written = (passOver?: Attempt['passOver']): readonly Attempt[] =>
      write ? [this.at(visit, write, manner, passOver)] : reads;
    switch (destination.to) {
      case 'both':
        // Whoever wants a login says so to the client; when all are content it is the one that is read from who answers.
        return [
          ...written((status) => status !== 401),
          ...this.reads(visit, manner, () => false),
          ...written(),
        ];
      case 'either': {
        if (operation.kind !== 'blob-get') return written();
        if (this.#isDoubtful(operation.name, operation.digest)) return written();
        const found = this.reads(visit, manner, (status) => status >= 400);
        // Who does not have it has the last word, for it says so in the way that clients know of it.
        return [...written((status) => status === 404), ...found, ...written()];
      }
      case 'external':
        if (destination.side === 'write') return this.#writes(visit, operation, manner);
        // T18: a group of Nexus may know no search where its hosted repository does.
        return write && (operation.kind === 'search' || operation.kind === 'search-ping')
          ? [...this.reads(visit, manner, (status) => status >= 400), ...written()]
          : reads;
      default:
        return written();
    }
  }

  /** The addresses that are read from; `passOver` for the last of them, too. */
  reads(visit: ExternalVisit, manner: Manner, passOver?: Attempt['passOver']): readonly Attempt[] {
    const isDown = (status: number): boolean => status >= 500 || status === 429;
    const all = this.#backends.reads;
    const well = new Set(all.filter(({ health }) => health.isWell));
    const inOrder = [...well, ...all.filter((backend) => !well.has(backend))];
    return inOrder.map((backend, at) =>
      this.at(visit, backend, manner, at < all.length - 1 ? isDown : passOver),
    );
  }

  #writes(visit: ExternalVisit, operation: Operation, manner: Manner): readonly Attempt[] {
    const { write } = this.#backends;
    if (!write) return this.reads(visit, manner);
    if (operation.kind !== 'upload-start' || !operation.mount) return [this.at(visit, write, manner)];
    // T6: a refused mount ends pushes, where an upload would go on. What was refused has begun nothing.
    const [path = ''] = (visit.req.url ?? '').split('?', 1);
    const mounting = this.at(visit, write, manner, (status) => [400, 404, 405, 409, 422].includes(status));
    const plain = this.at(visit, write, manner);
    return [mounting, { ...plain, target: `${write.address.pathname.replace(/\/+$/, '')}${path}` }];
  }

  /** One registry, asked in a manner; `passOver` tells the statuses after which the next is asked. */
  at(visit: ExternalVisit, backend: Backend, manner: Manner, passOver?: Attempt['passOver']): Attempt {
    const { origin } = visit;
    let authorization: string | null | undefined;
    return {
      ...this.common(visit),
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

  /** What every request is sent with, whoever it goes to. */
  common({ facts, origin }: ExternalVisit) {
    return { origin: origin.origin, client: origin.client, rewriteLocations: true, facts };
  }
}
