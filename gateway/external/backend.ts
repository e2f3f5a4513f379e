import {
  createAuthorizer,
  createDestination,
  createUpstream,
  type Authorizer,
  type Destination,
  type Upstream,
} from '../../registry/index.ts';
import { Health, type OnHealth } from './health.ts';

/** One address of a registry that somebody else runs. */
export interface Backend {
  /** What it is called in the URLs of token services: `write`, `read`, or `read/1` for the second address. */
  readonly key: string;
  readonly address: Readonly<URL>;
  readonly authorizer: Authorizer;
  readonly health: Health;
}

/** How the registries behind one host are spoken to; PEM text. */
export interface BackendSettings {
  /** The host, for messages. */
  readonly host: string;
  readonly read: readonly Readonly<URL>[];
  readonly write: Readonly<URL> | undefined;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly ca: string | undefined;
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
  /** Told of an address that is set aside, and of its return. */
  readonly onHealth: (address: Readonly<URL>, change: Parameters<OnHealth>[0]) => void;
}

/** The registries behind one host. */
export interface Backends {
  readonly reads: readonly Backend[];
  readonly write: Backend | undefined;
  /** What is read from; undefined where that is a repository of ours. */
  readonly reader: Upstream | undefined;
  /** What is written to, as far as it is asked. */
  readonly writer: Upstream | undefined;
  readonly destination: Destination | undefined;
  close(): Promise<void>;
}

/** Makes the clients; nothing is sent before somebody asks. */
export function createBackends(settings: BackendSettings): Backends {
  const { host, read, write, credentials, ca, clientCertificate, onHealth } = settings;
  const common = {
    name: host,
    ...credentials,
    ...(ca !== undefined && { ca }),
    ...(clientCertificate && { clientCertificate }),
  };
  const backendOf = (key: string, address: Readonly<URL>): Backend => {
    const url = new URL(address.href);
    const health = new Health((change) => {
      onHealth(address, change);
    });
    return { key, address, health, authorizer: createAuthorizer({ ...common, url }) };
  };
  const reads = read.map((each, at) => backendOf(at === 0 ? 'read' : `read/${at}`, each));
  const writing = write && backendOf('write', write);
  const upstreamOf = (urls: readonly Readonly<URL>[]): Upstream | undefined =>
    urls.length === 0
      ? undefined
      : createUpstream({ ...common, schema1: true, urls: urls.map(({ href }) => new URL(href)) });
  const [reader, writer] = [upstreamOf(read), upstreamOf(write ? [write] : [])];
  const destination = write && createDestination({ ...common, url: new URL(write.href) });
  const authorizers = [...reads, ...(writing ? [writing] : [])].map(({ authorizer }) => authorizer);
  return {
    reads,
    write: writing,
    reader,
    writer,
    destination,
    async close() {
      const all = [...authorizers, reader, writer, destination].filter((each) => each !== undefined);
      await Promise.all(all.map((each) => each.close()));
    },
  };
}
