import path from 'node:path';
import type { AcmeConfig, BlobStoreConfig, Config, HostConfig, Target, TlsConfig } from './config.ts';
import { resolveBackend } from './resolve-backend.ts';
import { parseHostname } from './hostnames.ts';
import { resolveRepository } from './resolve-repository.ts';
import type { Settings } from './schema.ts';

/** What a configuration depends on apart from its settings. */
export interface Surroundings {
  /** Absolute path of the file; undefined when there is none. */
  readonly file: string | undefined;
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  /** Canonical names of hosts that go where the first one goes, unless they are configured. */
  readonly addedHosts: readonly string[];
}

/** The settings with absolute paths and every default that depends on another key. They have no mistakes left. */
export function resolve(settings: Settings, { file, folder, addedHosts }: Surroundings): Config {
  const absolute = (name: string) => path.resolve(folder, name);
  const data = absolute(settings.data);
  const { listen, auth, trustedProxies, accelRedirect, compatibility, prefetch, outbound, log } = settings;
  return {
    file,
    data,
    hosts: resolveHosts(settings, addedHosts, absolute),
    listen,
    connectors: Object.entries(settings.connectors)
      .map(([port, { address, ...connector }]) => ({ port: Number(port), address, ...connector }))
      .toSorted((one, other) => one.port - other.port),
    blobStores: resolveBlobStores(settings, data, absolute),
    tls: resolveTls(settings, absolute),
    repositories: mapEntries(settings.repositories, (repository) => resolveRepository(repository, absolute)),
    auth: {
      anonymous: auth.anonymous,
      htpasswd: auth.htpasswd === undefined ? undefined : absolute(auth.htpasswd),
      roles: mapEntries(auth.roles, (grants) => grants),
      assign: mapEntries(auth.assign, (roles) => roles),
    },
    trustedProxies,
    accelRedirect,
    compatibility,
    prefetch,
    outbound: { httpProxy: outbound.httpProxy, httpsProxy: outbound.httpsProxy, noProxy: outbound.noProxy },
    log,
  };
}

function resolveHosts(
  settings: Settings,
  addedHosts: readonly string[],
  absolute: (name: string) => string,
): Map<string, HostConfig> {
  const hosts = new Map(
    Object.entries(settings.hosts).map(([name, host]) => [
      parseHostname(name),
      resolveHost(host, settings, absolute),
    ]),
  );
  const [first] = hosts.values();
  for (const name of addedHosts) {
    // Its own certificate is for the first host alone.
    if (first !== undefined && !hosts.has(name)) hosts.set(name, { ...first, certificate: undefined });
  }
  return hosts;
}

function resolveHost(
  own: Settings['hosts'][string],
  settings: Settings,
  absolute: (name: string) => string,
): HostConfig {
  const { read: targets, write, forward, web, tls } = own;
  const certificate = tls && { cert: absolute(tls.cert), key: absolute(tls.key) };
  if (forward !== undefined) {
    return { kind: 'forward', forward, certificate, backend: resolveBackend(own, false, absolute) };
  }
  const read = targets && oneTarget(targets);
  if (read === undefined) return { kind: 'page', web: true, certificate };
  const isMixed = 'repository' in read || (write !== undefined && 'repository' in write);
  const isExternal = 'addresses' in read || (write !== undefined && 'addresses' in write);
  const backend = isExternal ? resolveBackend(own, isMixed, absolute) : undefined;
  return { kind: 'split', read, write: write && writableTarget(write, settings), web, certificate, backend };
}

/** Several targets are the addresses of one registry. */
function oneTarget(targets: readonly Target[]): Target | undefined {
  const [first] = targets;
  return targets.length < 2
    ? first
    : { addresses: targets.flatMap((each) => ('addresses' in each ? each.addresses : [])) };
}

/** Writes to a group go to its writable member. */
function writableTarget(target: Target, { repositories }: Settings): Target {
  const named = 'repository' in target ? repositories[target.repository] : undefined;
  return named?.type === 'group' && named.writable !== undefined ? { repository: named.writable } : target;
}

function resolveBlobStores(
  { blobStores }: Settings,
  data: string,
  absolute: (name: string) => string,
): Map<string, BlobStoreConfig> {
  const settings: Settings['blobStores'] = { default: { type: 'filesystem' }, ...blobStores };
  return mapEntries(settings, ({ type, path: folder, quota }) => ({
    type,
    path: folder === undefined ? path.join(data, 'blobs') : absolute(folder),
    quota,
  }));
}

function resolveTls({ tls }: Settings, absolute: (name: string) => string): TlsConfig {
  const { profile, cert = '', key = '', caCert, caKey, constrainNames, overlap } = tls;
  switch (profile) {
    case 'ca':
      return {
        profile,
        caCert: caCert === undefined ? undefined : absolute(caCert),
        caKey: caKey === undefined ? undefined : absolute(caKey),
        constrainNames,
        overlap,
      };
    case 'self-signed':
      return { profile };
    case 'acme':
      return { profile, acme: resolveAcme(tls.acme, absolute) };
    case 'files':
      return { profile, cert: absolute(cert), key: absolute(key) };
  }
}

/** The checks have made sure that it is there, and agreed. */
function resolveAcme(acme: Settings['tls']['acme'], absolute: (name: string) => string): AcmeConfig {
  if (acme === undefined) throw new Error('tls.acme is missing');
  const { directory, email, ca, externalAccount } = acme;
  return { directory, email, ca: ca === undefined ? undefined : absolute(ca), externalAccount };
}

function mapEntries<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Map<string, Result> {
  return new Map(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
