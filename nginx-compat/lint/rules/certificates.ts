import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { isAbsolute, join } from 'node:path/posix';
import type { Word } from '../../parse.ts';
import { nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** Certificate files that are not there, out of date, for other names, or without their key. */
export const certificates: Rule = {
  id: 'certificates',
  check(front: Front): readonly Remark[] {
    const { server, ways } = front;
    if (!ways.some(({ scheme }) => scheme === 'https')) return [];
    if (server.certificates.length === 0) return [missing(front)];
    return server.certificates.flatMap(({ certificate, key }) => pair(certificate, key, front));
  },
};

function missing({ server }: Front): Remark {
  return {
    severity: 'error',
    at: server.listens.find(({ ssl }) => ssl)?.at ?? server.at,
    what: 'a port speaks TLS, but no ssl_certificate is given: every handshake fails',
    advice: 'ssl_certificate FULLCHAIN.pem; ssl_certificate_key KEY.pem;',
  };
}

function pair(certificate: Word, key: Word | undefined, front: Front): readonly Remark[] {
  const error = (at: Word, what: string, advice: string): Remark => ({
    severity: 'error',
    at: at.at,
    what,
    advice,
  });
  // Variables, and keys in hardware: not files.
  if (/\$|^(data|engine|store):/.test(`${certificate.text}${key?.text ?? ''}`)) return [];
  const text = readFile(certificate.text, front);
  if (text === undefined)
    return [
      error(
        certificate,
        `the certificate file ${certificate.text} is not there or cannot be read: nginx does not start`,
        'put it there, or correct the path',
      ),
    ];
  const parsed = parsedCertificate(text);
  if (parsed === undefined)
    return [
      error(
        certificate,
        `${certificate.text} is no certificate in PEM`,
        'give the PEM file with the certificate and its intermediates',
      ),
    ];
  return [...dates(parsed, certificate), ...names(parsed, certificate, front), ...keys(parsed, key, front)];
}

function readFile(name: string, { files, folder }: Front): string | undefined {
  return files.read(isAbsolute(name) ? name : join(folder, name));
}

function parsedCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

function dates({ validFromDate, validToDate }: X509Certificate, { text, at }: Word): readonly Remark[] {
  const now = Date.now();
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  const remark = (severity: 'error' | 'warning', what: string): readonly Remark[] => [
    { severity, at, what: `${text} ${what}`, advice: 'renew it and run "nginx -s reload"' },
  ];
  if (validToDate.getTime() < now)
    return remark('error', `expired on ${day(validToDate)}: every client refuses it`);
  if (validFromDate.getTime() > now) return remark('error', `is not valid before ${day(validFromDate)}`);
  if (validToDate.getTime() - now < 14 * 86_400_000)
    return remark('warning', `expires on ${day(validToDate)}`);
  return [];
}

function names(certificate: X509Certificate, { text, at }: Word, { server }: Front): readonly Remark[] {
  const plain = server.names
    .map((each) => each.text)
    .filter((name) => /^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(name) && name !== '_');
  const foreign = plain.filter((name) => !covers(certificate, name));
  if (foreign.length === 0) return [];
  return [
    {
      severity: 'error',
      at,
      what: `${text} is not for ${foreign.join(', ')}${certificate.subjectAltName === undefined ? ' (it has no subjectAltName, and no client of today looks at the common name)' : ` (it names ${certificate.subjectAltName})`}: clients refuse it`,
      advice: 'issue it again with these names as subjectAltName',
    },
  ];
}

function covers(certificate: X509Certificate, name: string): boolean {
  if (name.startsWith('*.')) return certificate.subjectAltName?.includes(`DNS:${name}`) ?? false;
  return (
    certificate.checkHost(name, { subject: 'never' }) !== undefined ||
    (isIP(name) !== 0 && certificate.checkIP(name) !== undefined)
  );
}

function keys(certificate: X509Certificate, key: Word | undefined, front: Front): readonly Remark[] {
  const at = key?.at ?? front.server.certificates[0]?.certificate.at ?? front.server.at;
  const remark = (what: string): readonly Remark[] => [
    {
      severity: 'error',
      at,
      what: `${what}: nginx does not start`,
      advice: 'ssl_certificate_key must name the key that the certificate was made with',
    },
  ];
  if (key === undefined) return remark('there is no ssl_certificate_key for this certificate');
  const text = readFile(key.text, front);
  if (text === undefined) return remark(`the key file ${key.text} is not there or cannot be read`);
  // An encrypted key opens with a password that is not in the configuration.
  if (text.includes('ENCRYPTED') && nearest(front.server.scope, 'ssl_password_file')) return [];
  try {
    return certificate.checkPrivateKey(createPrivateKey(text))
      ? []
      : remark(`${key.text} is not the key of the certificate`);
  } catch {
    return remark(
      `${key.text} is no private key in PEM${text.includes('ENCRYPTED') ? ' that opens without a password' : ''}`,
    );
  }
}
