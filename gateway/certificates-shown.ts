import {
  reportCertificates,
  reportServed,
  type CertificateReport,
  type ServedCertificates,
} from '../certs/index.ts';
import { certificateSettings, hostSettings, ownCertificates, type Certificates } from './certificates.ts';
import type { Config } from './config/index.ts';

/** One certificate and where it goes; times in ISO 8601. */
export interface Shown extends Omit<CertificateReport, 'notBefore' | 'notAfter' | 'due'> {
  readonly notBefore: string;
  readonly notAfter: string;
  readonly due: string | undefined;
  readonly daysLeft: number;
  readonly served: readonly string[];
}

/** What the files of a configuration hold just now. Throws CertificateError. */
export async function shownInFiles(config: Config): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const { settings, ports } of placesOf(config)) {
    shown.push(...inPlaces(config, await reportCertificates(settings), ports));
  }
  return shown;
}

/** What a running gateway presents and hands out. */
export function shownByGateway(config: Config, certificates: Pick<Certificates, 'main' | 'ofHost'>): Shown[] {
  return placesOf(config).flatMap(({ host, settings, ports }) => {
    const served: ServedCertificates | undefined =
      host === undefined ? certificates.main() : certificates.ofHost(host);
    return served === undefined ? [] : inPlaces(config, reportServed(settings, served), ports);
  });
}

/** Where certificates are served, the common one first; `host` when it is the one of that host. */
interface Place {
  readonly host: string | undefined;
  readonly settings: Parameters<typeof reportCertificates>[0];
  readonly ports: readonly string[];
}

function placesOf(config: Config): Place[] {
  const own = ownCertificates(config);
  const shared = [...config.hosts.keys()].filter((host) => !own.some(([other]) => other === host));
  const others = own.map(([host, files]) => ({
    host,
    settings: hostSettings(config, host, files),
    ports: hostPorts(config, [host]).map((port) => `${port} (by SNI)`),
  }));
  const ports = [...hostPorts(config, shared), ...connectors(config)];
  return [{ host: undefined, settings: certificateSettings(config), ports }, ...others];
}

function inPlaces(config: Config, reports: readonly CertificateReport[], ports: readonly string[]): Shown[] {
  const now = Date.now();
  return reports.map((report) => ({
    ...report,
    notBefore: report.notBefore.toISOString(),
    notAfter: report.notAfter.toISOString(),
    due: report.due?.toISOString(),
    daysLeft: Math.floor((report.notAfter.getTime() - now) / 86_400_000),
    served: report.role === 'server' ? ports : handedOut(report, config),
  }));
}

function hostPorts({ listen: { https } }: Config, hosts: readonly string[]): string[] {
  return https === false || hosts.length === 0 ? [] : [`port ${https}: ${hosts.join(', ')}`];
}

function connectors({ connectors: all }: Config): string[] {
  return all.filter(({ tls }) => tls).map(({ port, repository }) => `port ${port}: ${repository}`);
}

function handedOut({ role }: CertificateReport, { listen: { http, https } }: Config): string[] {
  if (role === 'cross' || role === 'intermediate') return ['after the server certificate'];
  const ports = [https, http].filter((port) => port !== false);
  return ports.length === 0 ? [] : [`/ca.crt on port ${ports.join(' and ')}`];
}
