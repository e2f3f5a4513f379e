import { CertificateError, certificatesIn, privateKeyIn, readKept } from '../certs/index.ts';
import { ConfigErrors } from './config/index.ts';
import type { BackendConfig, Config, Problem, ProxyConfig } from './config/index.ts';

/** What a proxy trusts and is known by at its upstream, as PEM text. */
export interface UpstreamPem {
  readonly ca: string | undefined;
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads the PEM files of all proxies, by repository. Throws ConfigErrors with every file that cannot be used. */
export async function readUpstreamPem(config: Config): Promise<ReadonlyMap<string, UpstreamPem>> {
  const problems: Problem[] = [];
  const found = new Map<string, UpstreamPem>();
  for (const [name, own] of config.repositories) {
    if (own.type !== 'proxy') continue;
    found.set(
      name,
      await readPem(own, (key, message) => {
        const file = config.file ?? 'command line';
        problems.push({ file, path: `repositories.${name}.${key}`, message });
      }),
    );
  }
  if (problems.length > 0) throw new ConfigErrors(problems);
  return found;
}

/** Reads the PEM files for the external registries of all hosts. Throws ConfigErrors with every file that cannot be used. */
export async function readBackendPem(config: Config): Promise<ReadonlyMap<BackendConfig, UpstreamPem>> {
  const problems: Problem[] = [];
  const found = new Map<BackendConfig, UpstreamPem>();
  for (const [name, host] of config.hosts) {
    const backend = host.kind === 'page' ? undefined : host.backend;
    // Hosts of the command line share that of the first.
    if (!backend || found.has(backend)) continue;
    const report: Report = (key, message) => {
      problems.push({ file: config.file ?? 'command line', path: `hosts.${name}.${key}`, message });
    };
    found.set(backend, await readPem(backend, report));
  }
  if (problems.length > 0) throw new ConfigErrors(problems);
  return found;
}

type Report = (key: string, message: string) => void;

async function readPem(
  { ca, clientCertificate }: Pick<ProxyConfig, 'ca' | 'clientCertificate'>,
  report: Report,
): Promise<UpstreamPem> {
  // Without a look at them the library passes over what is no certificate, and every connection fails later.
  const authorities = ca === undefined ? undefined : await readUsable(ca, certificatesIn, 'ca', report);
  if (clientCertificate === undefined) return { ca: authorities?.text, clientCertificate: undefined };
  const cert = await readUsable(clientCertificate.cert, certificatesIn, 'clientCert', report);
  const key = await readUsable(clientCertificate.key, privateKeyIn, 'clientKey', report);
  if (cert && key && !cert.value[0].checkPrivateKey(key.value)) {
    const message = `${clientCertificate.key} does not belong to the first certificate in ${clientCertificate.cert}: give the key of that one`;
    report('clientKey', message);
  }
  return {
    ca: authorities?.text,
    clientCertificate: cert && key && { cert: cert.text, key: key.text },
  };
}

/** The text of a file and what `parse` finds in it; undefined once it is reported what is wrong. */
async function readUsable<Value>(
  path: string,
  parse: (text: string, path: string) => Value,
  key: string,
  report: Report,
): Promise<{ text: string; value: Value } | undefined> {
  try {
    const text = await readKept(path);
    if (text !== undefined) return { text, value: parse(text, path) };
    report(key, `${path} does not exist: put the file there or correct the path`);
  } catch (fault) {
    if (!(fault instanceof CertificateError)) throw fault;
    report(key, fault.message);
  }
  return undefined;
}
