import { join } from 'node:path';
import {
  keepCertificates,
  machineNames,
  type CertificateSettings,
  type LiveCertificates,
  type ServedCertificates,
} from '../certs/index.ts';
import type { CertificateFiles, Config } from './config/index.ts';
import type { KeyPairs } from './key-pairs.ts';
import type { Log } from './log.ts';

/** Settings that hold at any time. */
type Timeless = Omit<CertificateSettings, 'now'>;

/** The certificates of a running gateway; they are renewed and exchanged while it runs. */
export interface Certificates {
  /** The one of all hosts without one of their own, and what clients are to trust. */
  main(): ServedCertificates;
  /** The one that a host has of its own. */
  ofHost(host: string): ServedCertificates | undefined;
  keyPairs(): KeyPairs;
  /** Looks after them no longer. */
  stop(): Promise<void>;
}

/** Reads or makes the certificates of a configuration; `onChange` is told when others are to be presented. Throws CertificateError. */
export async function openCertificates(
  config: Config,
  log: Log,
  onChange: () => void,
): Promise<Certificates> {
  const open = async (settings: Timeless, host?: string): Promise<LiveCertificates> => {
    const live = await keepCertificates(settings, {
      changed: (served) => {
        note(log, served, host);
        onChange();
      },
      refused: (fault) => {
        const reason = fault instanceof Error ? fault.message : String(fault);
        log.error('certificate', { host, reason, means: 'the one before goes on being served' });
      },
    });
    note(log, live.current(), host);
    return live;
  };
  const main = await open(certificateSettings(config));
  const others = new Map<string, LiveCertificates>();
  const stop = async (): Promise<void> => {
    await Promise.all([main, ...others.values()].map((live) => live.stop()));
  };
  try {
    for (const [host, files] of ownCertificates(config)) {
      others.set(host, await open(hostSettings(config, host, files), host));
    }
  } catch (fault) {
    await stop();
    throw fault;
  }
  return {
    main: () => main.current(),
    ofHost: (host) => others.get(host)?.current(),
    keyPairs: () => ({
      main: main.current(),
      byHost: new Map([...others].map(([host, live]) => [host, live.current()])),
    }),
    stop,
  };
}

/** The hosts that have a certificate of their own. */
export function ownCertificates({ hosts }: Config): [string, CertificateFiles][] {
  return [...hosts].flatMap(([host, { certificate }]) => (certificate ? [[host, certificate]] : []));
}

/** What the certificate of all other hosts is made by. */
export function certificateSettings(config: Config): Timeless {
  const { data, hosts, tls } = config;
  const shared = [...hosts].flatMap(([host, { certificate }]) => (certificate ? [] : [host]));
  const configured = shared.length > 0 ? shared : [...hosts.keys()];
  // Every reissue of a self-signed certificate must be trusted anew: an address that comes and goes must not cause it.
  // And a CA that is kept to the hosts may certify nothing else.
  const isForMachine = tls.profile === 'ca' && !tls.constrainNames;
  return {
    directory: join(data, 'certs'),
    ...tls,
    names: isForMachine ? [...configured, 'localhost', ...machineNames()] : configured,
  };
}

/** What the certificate of one host is read by. */
export function hostSettings({ data }: Config, host: string, files: CertificateFiles): Timeless {
  return { directory: join(data, 'certs'), profile: 'files', ...files, names: [host] };
}

function note(log: Log, served: ServedCertificates, host: string | undefined): void {
  const { issued, reason, fingerprint, notAfter, names, takeover, warnings } = served;
  log.info('certificate', {
    ...(host !== undefined && { host }),
    issued,
    reason,
    fingerprint,
    notAfter,
    names,
    ...(takeover !== undefined && { takeover }),
  });
  for (const warning of warnings) log.warn('certificate', { warning });
}
