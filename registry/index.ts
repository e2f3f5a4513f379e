import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createAccess,
  createAccounts,
  createGrants,
  unauthorized,
  type Accounts,
  type GrantSettings,
  type ReportProblem,
} from './access/index.ts';
import type { BlobStore } from './blobs/index.ts';
import { contentOf, type RepositoryContent } from './content.ts';
import { answer } from './http/answer.ts';
import type { Bring } from './http/handler.ts';
import type { Door, Exchange, Facts, Route } from './http/exchange.ts';
import { receive } from './http/receive.ts';
import { BlobSender } from './http/send-blob.ts';
import { createSchema1Signer } from './http/schema1-signature.ts';
import type { Metadata } from './metadata/index.ts';
import { RegistryError, type Caller } from './model/index.ts';
import { createOperator, type Operator } from './operator.ts';
import {
  buildRepositories,
  Promises,
  PullNotes,
  UploadSessions,
  type RepositorySettings,
} from './repositories/index.ts';
import type { Outbound } from './upstream/index.ts';
import { startEviction, startUpkeep, type Evicted, type LimitedCache } from './upkeep/index.ts';

export { AccountError, type Accounts, type GrantSettings } from './access/index.ts';
export { openFilesystem, withQuota, type BlobStore } from './blobs/index.ts';
export type { Door, Exchange, Facts, Route } from './http/exchange.ts';
export type { ManifestBytes, RepositoryContent } from './content.ts';
export type { Bring } from './http/handler.ts';
export { readBody, wantBody } from './http/request-body.ts';
export { respondError } from './http/respond.ts';
export { proxyFor } from './upstream/outbound.ts';
export { openSqlite, type Metadata } from './metadata/index.ts';
export {
  isJsonObject,
  isSchema1Type,
  parseJsonObject,
  parseManifest,
  parseName,
  parseSchema1,
  parseReference,
  parseOperation,
  RegistryError,
  type Caller,
  type Descriptor,
  type Digest,
  type Manifest,
  type Name,
  type Operation,
  type Reference,
} from './model/index.ts';
export { unlessAborted } from './repositories/index.ts';
export type { Explanation, Operator, UpstreamReport } from './operator.ts';
export type {
  GroupSettings,
  HostedSettings,
  MemberAnswer,
  PrefetchEvent,
  ProxySettings,
  RepositorySettings,
} from './repositories/index.ts';
export {
  Breaker,
  createAuthorizer,
  createDestination,
  createUpstream,
  PushRefusal,
  Turns,
  UpstreamFailure,
  type Authorizer,
  type Destination,
  type Upstream,
} from './upstream/index.ts';

/** What the engine is to be. */
export interface RegistrySettings {
  readonly repositories: ReadonlyMap<string, RepositorySettings>;
  readonly access: GrantSettings;
  /** Path of an htpasswd file whose users may log in too. */
  readonly htpasswd: string | undefined;
  readonly compatibility?: CompatibilitySettings;
  /** Hosts that are ours; a client that takes us for a mirror of one of them means us. */
  readonly hosts?: ReadonlySet<string>;
  readonly outbound?: Outbound;
}

/** What is done for clients and upstreams of old. */
export interface CompatibilitySettings {
  /** Whether images are also read as Docker's schema 1, by clients that take nothing newer and from upstreams. */
  readonly schema1: boolean;
}

/** What the engine keeps things in; whoever opened them closes the metadata after the engine. */
export interface RegistryStores {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
}

/** Where the engine reports what no single request can be told of. */
export interface RegistryLog {
  readonly fault: (fault: unknown) => void;
  readonly htpasswd: ReportProblem;
  /** Told of each cache from which something was taken. */
  readonly evicted: (evicted: Evicted) => void;
}

/** The engine: reads requests, and answers them from the repository that somebody who knows the hosts has chosen. */
export interface Registry {
  readonly accounts: Accounts;
  readonly operator: Operator;
  /** Reads a request and lets it in, or answers it right away and gives undefined. Never throws. */
  receive(req: IncomingMessage, res: ServerResponse, door: Door, facts: Facts): Promise<Exchange | undefined>;
  /**
   * Answers a request that was let in; no route for operations that concern no repository. A manifest that is pushed is
   * shown to `bring` first. Never throws.
   */
  answer(exchange: Exchange, route: Route | undefined, bring?: Bring): Promise<void>;
  /** What a repository holds; throws when there is none of that name. */
  content(repository: string): RepositoryContent;
  /** Who sent an Authorization header; throws `unauthorized` for none and for bad credentials. */
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** Fulfils when metadata and blobs can be used; rejects with the fault. */
  check(): Promise<void>;
  /** Ends downloads and upkeep. Requests that are still answered may fail. */
  close(): Promise<void>;
}

/** Makes an engine. Throws when the repositories do not fit together. */
export async function createRegistry(
  settings: RegistrySettings,
  stores: RegistryStores,
  log: RegistryLog,
): Promise<Registry> {
  const { metadata, blobs } = stores;
  const access = await createAccess({
    users: metadata.users,
    keys: metadata.keys,
    settings: settings.access,
    htpasswd: settings.htpasswd,
    report: log.htpasswd,
  });
  const pulls = new PullNotes(metadata.usage, log.fault);
  const eviction = startEviction(
    { ...metadata, blobs, onEvicted: log.evicted, onFault: log.fault },
    limitedCaches(settings.repositories),
  );
  const repositories = buildRepositories(settings.repositories, stores, {
    me: randomUUID(),
    onFault: log.fault,
    onPull: (place, digest) => {
      pulls.pulled(place, digest);
    },
    onKept: (repository) => {
      eviction.nudge(repository);
    },
    schema1: settings.compatibility?.schema1 ?? false,
    ...(settings.outbound && { outbound: settings.outbound }),
  });
  const uploads = new UploadSessions({ ...metadata, blobs });
  const upkeep = startUpkeep(uploads, log.fault);
  const schema1 = settings.compatibility?.schema1 ? createSchema1Signer() : undefined;
  const promises = new Promises(metadata.pins);
  const parts = { access, repositories, uploads, promises, sender: new BlobSender(), schema1 };
  const hosts = settings.hosts ?? new Set<string>();
  const reading = { access, hosts };
  return {
    accounts: access.accounts,
    operator: createOperator(repositories, metadata, hosts),
    receive: (req, res, door, facts) => receive(reading, req, res, door, facts),
    answer: (exchange, route, bring) => answer(parts, exchange, route, bring),
    content: (repository) => contentOf(repositories, uploads, repository),
    async authenticate(authorization) {
      const sender = await access.authenticate(authorization);
      if ('rejected' in sender) throw unauthorized(sender.reason);
      if (sender.by === 'none') throw new RegistryError('unauthorized');
      return sender;
    },
    async check() {
      await Promise.all([metadata.check(), blobs.check()]);
    },
    async close() {
      upkeep.stop();
      await eviction.stop();
      await repositories.close();
      await pulls.close();
    },
  };
}

function limitedCaches(repositories: RegistrySettings['repositories']): readonly LimitedCache[] {
  return [...repositories].flatMap(([repository, own]) =>
    own.type === 'proxy' ? [{ repository, maxSize: own.maxSize, maxUnused: own.maxUnused }] : [],
  );
}

/** The users of a store, for commands that need no engine. */
export function openAccounts(metadata: Metadata, settings: GrantSettings): Accounts {
  return createAccounts(metadata.users, createGrants(settings).roles);
}
