import { reportCertificates, type CertificateReport } from '../../certs/index.ts';
import { certificateSettings, hostSettings, ownCertificates } from '../certificates.ts';
import type { Config } from '../config/index.ts';

/** One certificate and where it goes. */
export interface Shown extends CertificateReport {
  readonly daysLeft: number;
  readonly served: readonly string[];
}

/** What the files of a configuration hold just now. */
export async function shownOf(config: Config): Promise<Shown[]> {
  const own = ownCertificates(config);
  const shared = [...config.hosts.keys()].filter((host) => !own.some(([other]) => other === host));
  const now = Date.now();
  const each = async (
    settings: Parameters<typeof reportCertificates>[0],
    ports: readonly string[],
  ): Promise<Shown[]> =>
    (await reportCertificates(settings)).map((report) => ({
      ...report,
      daysLeft: Math.floor((report.notAfter.getTime() - now) / 86_400_000),
      served: report.role === 'server' ? ports : placesOf(report, config),
    }));
  const shown = [
    await each(certificateSettings(config), [...hostPorts(config, shared), ...connectors(config)]),
  ];
  for (const [host, files] of own) {
    shown.push(await each(hostSettings(config, host, files), hostPorts(config, [host])));
  }
  return shown.flat();
}

function hostPorts({ listen: { https } }: Config, hosts: readonly string[]): string[] {
  return https === false || hosts.length === 0 ? [] : [`port ${https}: ${hosts.join(', ')}`];
}

function connectors({ connectors: all }: Config): string[] {
  return all.filter(({ tls }) => tls).map(({ port, repository }) => `port ${port}: ${repository}`);
}

function placesOf({ role }: CertificateReport, { listen: { http, https } }: Config): string[] {
  if (role === 'cross') return ['after the server certificate'];
  const ports = [https, http].filter((port) => port !== false);
  return ports.length === 0 ? [] : [`/ca.crt on port ${ports.join(' and ')}`];
}

/** One certificate as people read it. */
export function inLines(shown: Shown): string {
  const { role, subject, issuer, names, notBefore, notAfter, fingerprint, daysLeft, due, file, served } =
    shown;
  const life = daysLeft < 0 ? 'expired' : `${daysLeft} days left`;
  const facts: readonly (readonly [string, string])[] = [
    ['subject', subject],
    ...(issuer === subject ? [] : [['issuer', issuer] as const]),
    ...(names.length === 0 ? [] : [['names', names.join(', ')] as const]),
    ['valid', `${day(notBefore)} to ${day(notAfter)}, ${life}`],
    ['fingerprint', fingerprint],
    ...(due === undefined ? [] : [[role === 'server' ? 'renewal' : 'takes over', day(due)] as const]),
    ['file', file],
    ...served.map((place) => ['served', place] as const),
  ];
  return `${role}\n${facts.map(([name, value]) => `  ${name.padEnd(11)}  ${value}\n`).join('')}`;
}

/** A date as people read it: `2026-11-21`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
