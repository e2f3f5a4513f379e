import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRegistry,
  openFilesystem,
  openSqlite,
  withQuota,
  type BlobStore,
  type GrantSettings,
  type Metadata,
  type Registry,
  type RepositorySettings,
} from '../registry/index.ts';
import type { Config, RepositoryConfig } from './config/index.ts';
import type { Log } from './log.ts';
import type { UpstreamPem } from './upstream-pem.ts';

/** The registry engine with what it keeps things in. */
export interface Engine {
  readonly registry: Registry;
  /** Work that only one gateway of a data folder does at a time. */
  readonly claims: Metadata['claims'];
  close(): Promise<void>;
}

/** Opens the stores of a configuration and makes the engine on them. Throws what cannot be opened. */
export async function openEngine(
  config: Config,
  upstreamPem: ReadonlyMap<string, UpstreamPem>,
  log: Log,
): Promise<Engine> {
  const metadata = await openMetadata(config);
  try {
    const blobs = await openBlobs(config, metadata);
    const registry = await createRegistry(
      {
        repositories: repositorySettings(config, upstreamPem),
        access: grantSettings(config),
        htpasswd: config.auth.htpasswd,
        compatibility: config.compatibility,
        hosts: new Set(config.hosts.keys()),
        outbound: outboundSettings(config),
      },
      { metadata, blobs },
      {
        fault: (fault) => {
          log.warn('fault behind the scenes', { fault: describe(fault) });
        },
        evicted: (facts) => {
          log.info('evicted', { ...facts });
        },
        htpasswd: (message, where) => {
          log.warn('htpasswd', { message, ...where });
        },
      },
    );
    return {
      registry,
      claims: metadata.claims,
      async close() {
        await registry.close();
        await metadata.close();
      },
    };
  } catch (fault) {
    await metadata.close();
    throw fault;
  }
}

/** Opens the metadata below the data folder, which is made if need be. */
export async function openMetadata({ data }: Config): Promise<Metadata> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  return openSqlite(join(data, 'metadata.db'));
}

async function openBlobs(
  { data, blobStores, accelRedirect }: Config,
  metadata: Metadata,
): Promise<BlobStore> {
  const { path = join(data, 'blobs'), quota } = blobStores.get('default') ?? {};
  const blobs = await openFilesystem(path, { readers: accelRedirect === undefined ? 'owner' : 'group' });
  if (quota === undefined) return blobs;
  return withQuota(blobs, { limit: quota, used: () => metadata.images.blobBytes() });
}

/** Who may do what, as the registry takes it. */
export function grantSettings({ auth }: Config): GrantSettings {
  return {
    anonymous: auth.anonymous,
    roles: Object.fromEntries(auth.roles),
    assign: Object.fromEntries(auth.assign),
  };
}

/** The proxies on the way out, as the registry takes them. */
export function outboundSettings({ outbound: { httpProxy, httpsProxy, noProxy } }: Config) {
  return {
    ...(httpProxy && { httpProxy: new URL(httpProxy.href) }),
    ...(httpsProxy && { httpsProxy: new URL(httpsProxy.href) }),
    ...(noProxy !== undefined && { noProxy }),
  };
}

function repositorySettings(
  config: Config,
  pem: ReadonlyMap<string, UpstreamPem>,
): Map<string, RepositorySettings> {
  return new Map([...config.repositories].map(([name, own]) => [name, settingsOf(own, pem.get(name))]));
}

function settingsOf(own: RepositoryConfig, pem: UpstreamPem | undefined): RepositorySettings {
  if (own.type !== 'proxy') return own;
  return {
    ...own,
    upstreams: own.upstreams.map(({ href }) => new URL(href)),
    index: own.index && new URL(own.index.href),
    username: own.credentials?.username,
    password: own.credentials?.password,
    ca: pem?.ca,
    clientCertificate: pem?.clientCertificate,
  };
}

function describe(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
