import type { Access } from '../access/index.ts';
import { RegistryError, type Operation } from '../model/index.ts';
import {
  HostedRepository,
  type Promises,
  type Repositories,
  type UploadSessions,
} from '../repositories/index.ts';
import { challengeHeaders } from './challenge-headers.ts';
import { appendUpload, cancelUpload, finishUpload, uploadStatus } from './continue-upload.ts';
import { deleteBlob } from './delete-blob.ts';
import { deleteManifest } from './delete-manifest.ts';
import type { Exchange, Route } from './exchange.ts';
import { getBlob } from './get-blob.ts';
import { getManifest } from './get-manifest.ts';
import { grantToken } from './grant-token.ts';
import type { Bring, Target } from './handler.ts';
import { listNames } from './list-names.ts';
import { listReferrers } from './list-referrers.ts';
import { listTags } from './list-tags.ts';
import { putManifest } from './put-manifest.ts';
import type { Reply } from './reply.ts';
import { respond, respondError } from './respond.ts';
import type { SignSchema1 } from './schema1-signature.ts';
import { search } from './search.ts';
import type { BlobSender } from './send-blob.ts';
import { headerText } from './source-headers.ts';
import { startUpload } from './start-upload.ts';

/** What answers are made of. */
export interface AnswerParts {
  readonly access: Access;
  readonly repositories: Repositories;
  readonly uploads: UploadSessions;
  readonly promises: Promises;
  readonly sender: BlobSender;
  /** Signs schema 1 manifests; undefined when there are to be none. */
  readonly schema1: SignSchema1 | undefined;
}

/** Answers a request that was let in; `route` may be undefined for operations that concern no repository. */
export async function answer(
  parts: AnswerParts,
  exchange: Exchange,
  route: Route | undefined,
  bring?: Bring,
): Promise<void> {
  const { req, res, facts } = exchange;
  try {
    if (route) facts.repository = route.repository;
    const reply = await decide(parts, exchange, route, bring);
    await respond(req, res, withNamespace(reply, exchange), facts);
  } catch (thrown) {
    const refuse = thrown instanceof RegistryError ? thrown : undefined;
    const headers = refuse ? challengeHeaders({ refuse }, exchange.door) : {};
    await respondError(req, res, thrown, facts, { ...namespaceHeader(exchange), ...headers });
  }
}

async function decide(
  parts: AnswerParts,
  exchange: Exchange,
  route: Route | undefined,
  bring: Bring | undefined,
): Promise<Reply> {
  const { operation } = exchange;
  switch (operation.kind) {
    case 'base':
      return { status: 200, body: { json: {} } };
    case 'search-ping':
      return { status: 200, headers: { 'X-Docker-Registry-Standalone': 'true' }, body: { json: true } };
    case 'token':
      return grantToken(parts.access.tokenService, exchange);
    default:
      if (!route) throw new RegistryError('nameUnknown', { message: 'this host has no registry' });
      return handle(exchange, operation, targetOf(parts, route, exchange.namespace, bring));
  }
}

type Routed = Exclude<Operation, { kind: 'base' | 'search-ping' | 'token' }>;

function handle(exchange: Exchange, operation: Routed, target: Target): Promise<Reply> {
  switch (operation.kind) {
    case 'catalog':
      return listNames(exchange, operation, target);
    case 'search':
      return search(exchange, operation, target);
    case 'tags':
      return listTags(exchange, operation, target);
    case 'referrers':
      return listReferrers(exchange, operation, target);
    case 'manifest-get':
      return getManifest(exchange, operation, target);
    case 'manifest-put':
      return putManifest(exchange, operation, target);
    case 'manifest-delete':
      return deleteManifest(exchange, operation, target);
    case 'blob-get':
      return getBlob(exchange, operation, target);
    case 'blob-delete':
      return deleteBlob(exchange, operation, target);
    case 'upload-start':
      return startUpload(exchange, operation, target);
    case 'upload-status':
      return uploadStatus(exchange, operation, target);
    case 'upload-append':
      return appendUpload(exchange, operation, target);
    case 'upload-finish':
      return finishUpload(exchange, operation, target);
    case 'upload-cancel':
      return cancelUpload(exchange, operation, target);
  }
}

function withNamespace(reply: Reply, exchange: Exchange): Reply {
  if (exchange.namespace === undefined) return reply;
  return { ...reply, headers: { ...namespaceHeader(exchange), ...reply.headers } };
}

function namespaceHeader({ namespace }: Exchange): Record<string, string> {
  return namespace === undefined ? {} : { 'OCI-Namespace': headerText(namespace) };
}

function targetOf(
  { repositories, uploads, promises, sender, schema1 }: AnswerParts,
  { repository, view, reach }: Route,
  namespace: string | undefined,
  bring: Bring | undefined,
): Target {
  const find = (name: string) => {
    const found = repositories.get(name);
    if (!found) throw new Error(`there is no repository ${name}`);
    if (namespace === undefined) return found;
    // A closed world: what the query names is never dialled (trap T20).
    const within = found.within(namespace);
    if (within) return within;
    throw new RegistryError('nameUnknown', {
      message: `no upstream here is known as ${headerText(namespace)}`,
      detail: { ns: namespace },
    });
  };
  const source = find(repository);
  return {
    source,
    reach,
    view: find(view),
    uploads,
    promises,
    sender,
    schema1,
    bring,
    hosted() {
      if (source instanceof HostedRepository) return source;
      throw new RegistryError('unsupported', { message: `${repository} is read-only` });
    },
  };
}
