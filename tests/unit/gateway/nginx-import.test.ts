import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Failure } from '../../../gateway/cli/failure.ts';
import { nginxImportCommand } from '../../../gateway/cli/nginx-import.ts';

const FILES = fileURLToPath(new URL('../../support/nginx-files/', import.meta.url));
const CLASSIC = join(FILES, 'classic.conf');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  readonly message: string;
}

async function run(...args: readonly string[]): Promise<Printed> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const world = { env: {}, stdin: Readable.from([]), stdout, stderr };
  const command = nginxImportCommand(world)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const failure = await command.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (fault: unknown) => {
      if (fault instanceof Failure) return fault;
      throw fault;
    },
  );
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return {
    stdout: text(stdout),
    stderr: text(stderr),
    code: failure?.exitCode ?? 0,
    message: failure?.message ?? '',
  };
}

test('the configuration goes to standard output and the report to standard error', async () => {
  const { stdout, stderr, code } = await run(CLASSIC);
  expect(code).toBe(0);
  expect(stdout).toContain('\nhosts:\n  registry.example: # classic.conf:24\n');
  expect(stdout).toContain(`cert: ${FILES}certs/registry.crt`);
  expect(stderr).toContain('In the configuration: 16\n');
  expect(stderr).toContain(`  ${CLASSIC}:23: listen 443 ssl\n      listen.https: 443\n`);
  expect(stderr).toContain('Not needed here: 18\n');
  expect(stderr).toContain('Not supported: 0\n');
  expect(stderr).toMatch(/Wrong in the file: [\s\S]*\[forwarded-proto\]\n {6}Dockgate does it right\n/);
});

test('what is not supported ends with 1, after everything was written', async () => {
  const out = join(folder, 'walls.yaml');
  const { stdout, stderr, code, message } = await run(join(FILES, 'walls.conf'), '--out', out);
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
  expect(message).toMatch(/^18 of 34 lines of .*walls\.conf are not supported$/);
  expect(stderr).toContain('use the firewall');
  expect(await readFile(out, 'utf8')).toContain('read: http://10.20.0.5:5000');
});

test('a file that is there is not overwritten without being told', async () => {
  const out = join(folder, 'there.yaml');
  await writeFile(out, 'mine');
  const refused = await run(CLASSIC, '--out', out);
  expect(refused.code).toBe(2);
  expect(refused.message).toContain('--force');
  expect(await readFile(out, 'utf8')).toBe('mine');
  expect((await run(CLASSIC, '--out', out, '--force')).code).toBe(0);
  expect(await readFile(out, 'utf8')).toContain('registry.example');
});

test('a file that cannot be read or written ends with 2', async () => {
  expect(await run(join(folder, 'none.conf'))).toMatchObject({ code: 2, stdout: '', stderr: '' });
  const broken = join(folder, 'broken.conf');
  await writeFile(broken, 'server {\n  listen 80\n}');
  expect(await run(broken)).toMatchObject({ code: 2, stdout: '' });
  const nowhere = await run(CLASSIC, '--out', join(folder, 'none', 'x.yaml'));
  expect(nowhere).toMatchObject({ code: 2 });
  expect(nowhere.message).toContain('cannot be written');
});

test('a password is for the owner of the file alone', async () => {
  const file = join(folder, 'secret.conf');
  const basic = Buffer.from('robot:s3cret').toString('base64');
  await writeFile(
    file,
    `server { listen 443 ssl; server_name a.example; ssl_certificate c; ssl_certificate_key k; client_max_body_size 0;
      auth_basic x; auth_basic_user_file users;
      location / { proxy_pass http://10.0.0.1; proxy_set_header Authorization "Basic ${basic}"; } }`,
  );
  const out = join(folder, 'secret.yaml');
  await writeFile(out, '');
  const { stderr } = await run(file, '--out', out, '--force');
  expect(await readFile(out, 'utf8')).toContain('password: s3cret');
  expect(stderr).not.toMatch(/s3cret|cm9ib3Q/);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
});

test('--json is one object with all of it', async () => {
  const { stdout, stderr } = await run(CLASSIC, '--json');
  expect(stderr).toBe('');
  const { file, yaml, report, findings } = JSON.parse(stdout) as Record<string, unknown>;
  expect({ file, yaml }).toEqual({
    file: CLASSIC,
    yaml: expect.stringContaining('registry.example') as string,
  });
  expect(report).toContainEqual({
    at: { file: CLASSIC, line: 23, column: 9 },
    directive: 'listen 443 ssl',
    verdict: 'mapped',
    text: 'listen.https: 443',
  });
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'head-split', remains: false }));
});
