import type { IncomingMessage } from 'node:http';
import { CertificateError, offeredCertificates, trustHost } from '../../certs/index.ts';
import type { SetupFacts } from '../../web/index.ts';
import type { Config } from '../config/index.ts';
import type { Doors } from '../doors.ts';
import type { ReadOrigin } from '../public-origin.ts';
import { mirrorsOf } from './mirrors.ts';

/** What the facts are made of. */
export interface FactParts {
  readonly config: Config;
  readonly doors: Doors;
  readonly readOrigin: ReadOrigin;
  /** PEM that clients are to trust; undefined when there is none to hand out. */
  readonly authority: () => string | undefined;
  /** The ports that answer, when the address of a request does not tell; left out: it does not answer. */
  readonly ports: () => { readonly https?: number; readonly http?: number };
}

/** What there is to say to whoever asks; undefined when the request names no host that clients could type. */
export type ReadFacts = (req: IncomingMessage, scheme: 'http' | 'https') => SetupFacts | undefined;

/** Those of whatever stands in front of us. */
const standardPorts = { https: 443, http: 80 };

/** Reads the facts from requests. */
export function factsReader({ config, doors, readOrigin, authority, ports }: FactParts): ReadFacts {
  return (req, scheme) => {
    const origin = readOrigin(req, scheme);
    if (origin === undefined) return undefined;
    const asked = new URL(origin.origin);
    const secure = asked.protocol === 'https:';
    const { https, http } = origin.viaProxy ? standardPorts : ports();
    const own = doors.ofHost(origin.host).kind === 'split';
    const name = own ? asked.hostname : (registryHost(config) ?? asked.hostname);
    // A request by the other scheme does not tell the port of this one.
    const registry = typeable(secure && own ? asked.host : withPort(name, https ?? 443, 443));
    if (registry === undefined) return undefined;
    const pem = authority();
    return {
      registry,
      plain: secure ? (http === undefined ? undefined : withPort(name, http, 80)) : asked.host,
      fingerprints:
        pem === undefined ? [] : offeredCertificates(pem, 'ca.crt').map((each) => each.fingerprint),
      secure,
      mirrors: mirrorsOf(config, name),
      anonymous: config.auth.anonymous === 'pull',
    };
  };
}

/** The registry that a host with only the page is about: the first one. */
function registryHost({ hosts }: Config): string | undefined {
  const name = [...hosts].find(([host, { kind }]) => kind === 'split' && !host.startsWith('*.'))?.[0];
  return name?.includes(':') ? `[${name}]` : name;
}

function withPort(host: string, port: number, usual: number): string {
  return port === usual ? host : `${host}:${port}`;
}

/** Only what a client could use as a registry may get into scripts and paths. */
function typeable(host: string): string | undefined {
  try {
    return trustHost(host);
  } catch (fault) {
    if (fault instanceof CertificateError) return undefined;
    throw fault;
  }
}
