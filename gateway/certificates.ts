import { join } from 'node:path';
import { proxyFor } from '../registry/index.ts';
import {
  keepCertificates,
  machineNames,
  startOrdering,
  type CertificateSettings,
  type LiveCertificates,
  type Ordering,
  type ServedCertificates,
} from '../certs/index.ts';
import type { AcmeConfig, CertificateFiles, Config } from './config/index.ts';
import { outboundSettings } from './engine.ts';
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
  /** To be called once, when the ports answer: orders what has to be, now and later. */
  order(): Promise<void>;
  /** Looks after them no longer, and orders no more. */
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
  let ordering: Ordering | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([ordering?.stop(), ...[main, ...others.values()].map((live) => live.stop())]);
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
    async order() {
      const { tls } = config;
      if (tls.profile === 'acme') ordering = await orderFor(config, tls.acme, log);
    },
    stop,
  };
}

async function orderFor(config: Config, { directory }: AcmeConfig, log: Log): Promise<Ordering> {
  const kept = 'the one before goes on being served';
  return startOrdering(certificateSettings(config), {
    ordering({ names, reason }) {
      log.info('certificate is ordered', { from: directory.href, names, reason });
    },
    failed(reason, until) {
      log.error('certificate', { reason, means: kept, nextTry: until.toISOString() });
    },
    refused(fault) {
      log.error('certificate', {
        reason: fault instanceof Error ? fault.message : String(fault),
        means: kept,
      });
    },
  });
}

/** The hosts that have a certificate of their own. */
export function ownCertificates({ hosts }: Config): [string, CertificateFiles][] {
  return [...hosts].flatMap(([host, { certificate }]) => (certificate ? [[host, certificate]] : []));
}

/** What the certificate of all other hosts is made by. */
export function certificateSettings(config: Config): Timeless {
  const { hosts, tls } = config;
  const shared = [...hosts].flatMap(([host, { certificate }]) => (certificate ? [] : [host]));
  const configured = shared.length > 0 ? shared : [...hosts.keys()];
  // Every reissue of a self-signed certificate must be trusted anew: an address that comes and goes must not cause it.
  // And a CA that is kept to the hosts may certify nothing else.
  const isForMachine = tls.profile === 'ca' && !tls.constrainNames;
  return {
    directory: certificateFolder(config),
    ...(tls.profile === 'acme' ? { profile: tls.profile, acme: acmeSettings(config, tls.acme) } : tls),
    names: isForMachine ? [...configured, 'localhost', ...machineNames()] : configured,
  };
}

/** Where certificates and their keys are kept. */
export function certificateFolder({ data }: Config): string {
  return join(data, 'certs');
}

function acmeSettings(config: Config, acme: AcmeConfig): CertificateSettings['acme'] {
  const { directory, email, ca, externalAccount } = acme;
  const outbound = outboundSettings(config);
  return {
    server: directory,
    email,
    ca,
    externalAccount,
    port: config.listen.http || 80,
    proxyFor: (url) => proxyFor(outbound, url),
  };
}

/** What the certificate of one host is read by. */
export function hostSettings(config: Config, host: string, files: CertificateFiles): Timeless {
  return { directory: certificateFolder(config), profile: 'files', ...files, names: [host] };
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
