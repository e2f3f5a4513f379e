import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { openFilesystem, type BlobReader, type BlobStore } from '../../../registry/blobs/index.ts';
import { openSqlite, type Metadata } from '../../../registry/metadata/index.ts';
import { parseName, parseTag, type Digest, type Reference } from '../../../registry/model/index.ts';
import {
  buildRepositories,
  HostedRepository,
  UploadSessions,
  type GroupSettings,
  type HostedSettings,
  type ProxySettings,
  type Repositories,
  type RepositorySettings,
} from '../../../registry/repositories/index.ts';
import type { OpenedBlob, ReadableRepository } from '../../../registry/repositories/repository.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';
import { digestOf } from '../upstream/scripted.ts';

/** The repositories of one test over stores of its own. */
export interface Engine {
  readonly folder: string;
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly uploads: UploadSessions;
  readonly repositories: Repositories;
  /** What was reported, since no client may have seen it. */
  readonly faults: readonly unknown[];
  readonly repository: (name: string) => ReadableRepository;
  readonly hosted: (name: string) => HostedRepository;
}

const hour = 3_600_000;

export function hosted(settings: Partial<HostedSettings> = {}): HostedSettings {
  return { type: 'hosted', online: true, deployment: 'allow', private: [], ...settings };
}

/** A proxy that trusts tags for an hour and asks for every name. */
export function proxy(url: string, settings: Partial<ProxySettings> = {}): ProxySettings {
  return {
    type: 'proxy',
    upstreams: [new URL(url)],
    prefix: 'up.test',
    library: false,
    routes: undefined,
    username: undefined,
    password: undefined,
    ca: undefined,
    index: undefined,
    clientCertificate: undefined,
    connectTimeout: 10_000,
    headersTimeout: 20_000,
    bodyTimeout: 60_000,
    maxConnections: 32,
    staleWhileRevalidate: 0,
    tags: 'cached',
    autoBlock: true,
    maxSize: undefined,
    maxUnused: undefined,
    tagMaxAge: hour,
    notFoundMaxAge: hour,
    offline: false,
    ...settings,
  };
}

export function group(...members: readonly string[]): GroupSettings {
  return { type: 'group', members, writable: undefined };
}

/** Builds repositories that end with the test, on stores of their own or on those of another engine. */
export async function startEngine(
  settings: Readonly<Record<string, RepositorySettings>>,
  beside?: Engine,
): Promise<Engine> {
  const folder = beside?.folder ?? (await makeFolder());
  // SQLite waits for other connections without letting this process go on: in one process there can only be one.
  const metadata = beside?.metadata ?? (await openSqlite(join(folder, 'metadata.db')));
  const blobs = await openFilesystem(join(folder, 'blobs'));
  const faults: unknown[] = [];
  const repositories = buildRepositories(
    new Map(Object.entries(settings)),
    { metadata, blobs },
    { me: randomUUID(), onFault: (fault) => faults.push(fault) },
  );
  onTestFinished(async () => {
    await repositories.close();
    if (!beside) await metadata.close();
    if (!beside) await removeFolder(folder);
  });
  const repository = (name: string): ReadableRepository => {
    const found = repositories.get(name);
    if (!found) throw new Error(`there is no repository ${name}`);
    return found;
  };
  return {
    folder,
    metadata,
    blobs,
    uploads: new UploadSessions({ ...metadata, blobs }),
    repositories,
    faults,
    repository,
    hosted(name) {
      const found = repository(name);
      if (!(found instanceof HostedRepository)) throw new Error(`${name} is not hosted`);
      return found;
    },
  };
}

export function tagged(tag: string): Reference {
  return { tag: parseTag(tag) };
}

/** Stores bytes as a blob of a name, by an upload of one piece. */
export async function upload(
  engine: Engine,
  repository: string,
  name: string,
  bytes: Buffer,
): Promise<Digest> {
  const place = { repository, name: parseName(name) };
  const id = await engine.uploads.start(place);
  const chunk = {
    body: Readable.from([bytes], { objectMode: false }),
    range: undefined,
    length: bytes.length,
  };
  await engine.uploads.finish(place, id, chunk, digestOf(bytes));
  return digestOf(bytes);
}

/** Everything that a reader gives, up to its size; closes it. Throws what reading throws. */
export async function readAll(reader: BlobReader | undefined): Promise<Buffer> {
  if (!reader) throw new Error('there is nothing to read');
  const bytes = Buffer.alloc(reader.size);
  try {
    for (let position = 0; position < reader.size;) {
      const count = await reader.read(bytes.subarray(position, position + 50_000), position);
      if (count === 0) throw new Error('a blob ended before its size');
      position += count;
    }
  } finally {
    await reader.close();
  }
  return bytes;
}

export function readerOf(opened: OpenedBlob | undefined): BlobReader {
  if (!opened) throw new Error('the blob is not there');
  return opened.reader;
}

/** What a promise rejects with; throws when it does not. */
export async function faultOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a fault, not ${JSON.stringify(value)}`);
    },
    (fault: unknown) => fault,
  );
}
