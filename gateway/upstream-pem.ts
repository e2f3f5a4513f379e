import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigErrors } from './config/index.ts';
import type { Config, Problem, ProxyConfig } from './config/index.ts';

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
      await readProxy(own, (key, message) => {
        const file = config.file ?? 'command line';
        problems.push({ file, path: `repositories.${name}.${key}`, message });
      }),
    );
  }
  if (problems.length > 0) throw new ConfigErrors(problems);
  return found;
}

type Report = (key: string, message: string) => void;

async function readProxy({ ca, clientCertificate }: ProxyConfig, report: Report): Promise<UpstreamPem> {
  const authorities = ca === undefined ? undefined : await readUsable(ca, certificateIn, 'ca', report);
  if (clientCertificate === undefined) return { ca: authorities?.text, clientCertificate: undefined };
  const cert = await readUsable(clientCertificate.cert, certificateIn, 'clientCert', report);
  const key = await readUsable(clientCertificate.key, keyIn, 'clientKey', report);
  if (cert && key && !cert.value.checkPrivateKey(key.value)) {
    const message = `${clientCertificate.key} does not belong to the first certificate in ${clientCertificate.cert}; give the key of that one`;
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
  parse: (text: string) => Value,
  key: string,
  report: Report,
): Promise<{ text: string; value: Value } | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return { text, value: parse(text) };
  } catch (fault) {
    report(key, `${path} ${whyNot(fault)}`);
    return undefined;
  }
}

/** Without a look at them the library passes over what is no certificate, and every connection fails later. */
function certificateIn(text: string): X509Certificate {
  const [first, ...others] = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (first === undefined) throw new Unusable('holds no PEM certificate; it needs a BEGIN CERTIFICATE block');
  try {
    for (const block of others) new X509Certificate(block);
    return new X509Certificate(first);
  } catch {
    throw new Unusable('holds a damaged certificate; put a whole one there');
  }
}

function keyIn(text: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new Unusable('is locked with a passphrase; write it without one: openssl pkey -in OLD -out NEW');
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw new Unusable('holds no PEM private key; it needs a BEGIN PRIVATE KEY block');
  }
}

class Unusable extends Error {}

function whyNot(fault: unknown): string {
  if (fault instanceof Unusable) return fault.message;
  const { code } = fault as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'does not exist; put the file there or correct the path';
  if (code === 'EISDIR') return 'is a directory; name the file in it';
  if (code === 'EACCES' || code === 'EPERM')
    return 'cannot be read by this user; change its owner or its permissions';
  throw fault;
}
