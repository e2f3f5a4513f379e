import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { CertificateError } from '../certificate-error.ts';
import { offeredCertificates } from './bundle.ts';
import type { OfferedCertificate } from './bundle.ts';

/** What a server hands out. Nothing of it is verified: the fingerprint has to be compared by who asked for it. */
export interface FetchedAuthority {
  /** The address that answered. */
  readonly address: string;
  /** At least one. */
  readonly offered: readonly OfferedCertificate[];
  /** The server's clock minus this machine's, in milliseconds, good to a few seconds; undefined when it told no time. */
  readonly clock: number | undefined;
  /** Why plain HTTP was of no use, when the certificate came over HTTPS without verification. */
  readonly plainFailure: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
}

/** A ca.crt is some kilobytes; more than this is something else. */
const LIMIT = 1024 * 1024;

const PATIENCE = 15_000; // milliseconds

/**
 * Fetches ca.crt of a host (see `trustHost`) over HTTP, else over HTTPS without verification, which is no worse: what
 * comes is worth nothing before its fingerprint is compared. Throws a CertificateError that says what both answered.
 */
export async function fetchAuthority(host: string): Promise<FetchedAuthority> {
  const plain = `http://${host}/ca.crt`;
  try {
    return { ...(await fetchFrom(plain)), plainFailure: undefined };
  } catch (cause) {
    const plainFailure = inWords(cause);
    const secure = `https://${host}/ca.crt`;
    try {
      return { ...(await fetchFrom(secure)), plainFailure };
    } catch (fault) {
      throw new CertificateError(
        `there is no ca.crt at ${host}:\n  ${plain}: ${plainFailure}\n  ${secure}: ${inWords(fault)}\nName the registry as in docker login, and its port where it has one.`,
        { cause: fault },
      );
    }
  }
}

async function fetchFrom(address: string): Promise<Omit<FetchedAuthority, 'plainFailure'>> {
  const { status, date, body } = await get(address);
  if (status !== 200) throw new Error(reasonIn(body) ?? `answered ${status}`);
  const offered = offeredCertificates(body, 'the answer');
  const told = Date.parse(date ?? '');
  return { address, offered, clock: Number.isNaN(told) ? undefined : told - Date.now() };
}

function get(address: string): Promise<Answer> {
  const signal = AbortSignal.timeout(PATIENCE);
  return new Promise((resolve, reject) => {
    const receive = (answer: IncomingMessage): void => {
      readText(answer).then((body) => {
        resolve({ status: answer.statusCode ?? 0, date: answer.headers.date, body });
      }, reject);
    };
    const request = address.startsWith('https:')
      ? https.get(address, { rejectUnauthorized: false, agent: false, signal }, receive)
      : http.get(address, { agent: false, signal }, receive);
    request.once('error', (fault) => {
      reject(signal.aborted ? new Error(`no answer within ${PATIENCE / 1000} s`) : fault);
    });
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > LIMIT) throw new Error('answered something larger than any ca.crt');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('latin1');
}

/** What a Dockgate says where it has no ca.crt to hand out. */
function reasonIn(body: string): string | undefined {
  return /"message":"([^"\\\p{Cc}]{1,300})"/u.exec(body)?.[1];
}

function inWords(fault: unknown): string {
  return fault instanceof Error ? fault.message || fault.name : String(fault);
}
