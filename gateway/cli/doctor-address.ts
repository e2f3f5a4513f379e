import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCertificates } from '../../doctor/index.ts';
import type { Config } from '../config/index.ts';
import { Failure } from './failure.ts';

/** What a user typed as HOST; throws Failure. */
export function readAddress(host: string): URL {
  const url = /^https?:\/\//.test(host) ? host : `https://${host}`;
  if (URL.canParse(url)) {
    const { origin, pathname, hostname } = new URL(url);
    if (pathname === '/' && hostname !== '') return new URL(origin);
  }
  throw new Failure(`${host} is no host: name HOST, HOST:PORT or http://HOST:PORT`, 2);
}

/** Every host with a registry; a wildcard names no machine. Throws Failure when there is none. */
export function configuredAddresses({ hosts, listen }: Config): readonly URL[] {
  const names = [...hosts].filter(([name, { kind }]) => kind !== 'page' && !name.startsWith('*'));
  const port = listen.https;
  if (names.length === 0 || !port)
    throw new Failure('the configuration names no host with a port that can be examined: name HOST:PORT', 2);
  return names.map(([name]) => new URL(`https://${name.includes(':') ? `[${name}]` : name}:${port}`));
}

/** `--ca`, else the authority of the gateway on this machine, else what docker or podman trust for this host. */
export async function authorityOf(
  ca: string | undefined,
  config: Config | undefined,
  { host }: URL,
): Promise<string | undefined> {
  if (ca !== undefined) return readAuthority(ca);
  const files = [
    ...(config ? [join(config.data, 'certs', 'ca.crt')] : []),
    `/etc/docker/certs.d/${host}/ca.crt`,
    `/etc/containers/certs.d/${host}/ca.crt`,
  ];
  for (const file of files) {
    const pem = await readFile(file, 'utf8').catch(() => undefined);
    if (pem !== undefined) return pem;
  }
  return undefined;
}

async function readAuthority(file: string): Promise<string> {
  try {
    const pem = await readFile(file, 'utf8');
    if (readCertificates(pem).length > 0) return pem;
  } catch (cause) {
    throw new Failure(`${file} cannot be read: name a PEM file with --ca`, 2, cause);
  }
  throw new Failure(`${file} has no certificate: name a PEM file with --ca`, 2);
}

/** Where a configuration keeps its blobs. */
export function blobsOf({ data, blobStores }: Config): string {
  return blobStores.get('default')?.path ?? join(data, 'blobs');
}
