import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { runProgram, succeeded, type Outcome } from './process.ts';
import type { Need } from './require-programs.ts';

/** A client that visits a server on 127.0.0.1 under a name, and knows some certificates alone. */
export interface Visit {
  readonly port: number;
  readonly name: string;
  /** PEM files: what the server sends, and what the client knows. */
  readonly sent: string;
  readonly known: string;
}

/** A program with a judgement of its own on certificates. */
export interface TrustingClient {
  readonly title: string;
  readonly needs: readonly Need[];
  /** Undefined: it must be there. Otherwise a machine without it goes without. */
  readonly ifThere?: string;
  /** Of each visit what came of it: `OK`, or why the server was refused. `folder` is for its files. */
  readonly ask: (visits: readonly Visit[], folder: string) => Promise<string[]>;
}

/** Every judge of certificates that tests ask: different libraries, and programs that set them up differently. */
export const trustingClients: readonly TrustingClient[] = [
  { title: 'Node', needs: [], ask: eachInTurn(node) },
  { title: 'openssl verify -x509_strict', needs: ['openssl'], ask: eachInTurn(openssl) },
  { title: 'Python, as strict as 3.13', needs: ['python3'], ask: inOneRun(python) },
  { title: 'curl', needs: ['curl'], ask: eachInTurn(curl) },
  { title: 'certtool of GnuTLS', needs: ['certtool'], ask: eachInTurn(certtool) },
  { title: 'gnutls-cli', needs: ['gnutls-cli'], ask: eachInTurn(gnutls) },
  { title: 'Go', needs: ['go'], ask: inOneRun(go) },
  { title: 'Java', needs: [], ifThere: 'java', ask: inOneRun(java) },
];

/** Whether a program that is not required is there. */
export function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}

function eachInTurn(ask: (visit: Visit, folder: string) => Promise<string>): TrustingClient['ask'] {
  return async (visits, folder) => {
    const said: string[] = [];
    for (const visit of visits) said.push(await ask(visit, folder));
    return said;
  };
}

/** For programs that take long to start: a row for each visit on their stdin, a line for each on their stdout. */
function inOneRun(command: (folder: string) => Promise<readonly string[]>): TrustingClient['ask'] {
  return async (visits, folder) => {
    const stdin = visits.map(({ port, name, known }) => `${port} ${name} ${known}\n`).join('');
    const { stdout } = succeeded(await run(folder, await command(folder), { stdin }));
    return stdout.trimEnd().split('\n');
  };
}

function run(
  folder: string,
  argv: readonly string[],
  options: Parameters<typeof runProgram>[3] = {},
): Promise<Outcome> {
  return runProgram({ argv: [], forks: false }, argv, folder, { timeout: 120_000, ...options });
}

async function verdict(folder: string, argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, argv);
  return code === 0 ? 'OK' : stdout + stderr;
}

const source = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

async function node({ port, name, known }: Visit): Promise<string> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    ca: await readFile(known),
    servername: isIP(name) ? '' : name,
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
  });
  const said = await once(socket, 'secureConnect').then(
    () => 'OK',
    (fault: unknown) => String(fault),
  );
  socket.destroy();
  return said;
}

function openssl({ name, sent, known }: Visit, folder: string): Promise<string> {
  const trust = ['-x509_strict', '-no-CApath', '-no-CAstore', '-CAfile', known, '-untrusted', sent];
  const named = [isIP(name) ? '-verify_ip' : '-verify_hostname', name];
  return verdict(folder, ['openssl', 'verify', ...trust, '-purpose', 'sslserver', ...named, sent]);
}

function curl({ port, name, known }: Visit, folder: string): Promise<string> {
  const host = name.includes(':') ? `[${name}]` : name;
  const where = ['--connect-to', `${host}:${port}:127.0.0.1:${port}`, `https://${host}:${port}/`];
  return verdict(folder, [
    'curl',
    '-sS',
    '-o',
    '/dev/null',
    '--cacert',
    known,
    '--capath',
    '/none',
    ...where,
  ]);
}

function certtool({ name, sent, known }: Visit, folder: string): Promise<string> {
  const asked = ['--verify-hostname', name, '--verify-purpose', '1.3.6.1.5.5.7.3.1'];
  return verdict(folder, [
    'certtool',
    '--verify',
    '--load-ca-certificate',
    known,
    ...asked,
    '--infile',
    sent,
  ]);
}

function gnutls({ port, name, known }: Visit, folder: string): Promise<string> {
  const asked = [...(isIP(name) ? [] : ['--sni-hostname', name]), '--verify-hostname', name];
  return verdict(folder, [
    'gnutls-cli',
    '--x509cafile',
    known,
    ...asked,
    '--port',
    String(port),
    '127.0.0.1',
  ]);
}

function python(): Promise<readonly string[]> {
  return Promise.resolve(['python3', source('trusting-client.py')]);
}

/** Built without cgo, so that no C compiler is needed, and without a module, so that no network is. */
async function go(folder: string): Promise<readonly string[]> {
  const program = join(folder, 'trusting-client');
  const env = { GOCACHE: join(folder, 'go-build'), GO111MODULE: 'off', CGO_ENABLED: '0' };
  succeeded(await run(folder, ['go', 'build', '-o', program, source('trusting-client.go')], { env }));
  return [program];
}

function java(): Promise<readonly string[]> {
  return Promise.resolve(['java', source('TrustingClient.java')]);
}
