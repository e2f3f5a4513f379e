import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from '../support/http-request.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded, type Outcome } from '../support/process.ts';
import { PROGRAM, runDockgate } from '../support/program.ts';
import { basic } from '../support/realm.ts';

let place: Place;
let dockgate: LoopbackDockgate;
beforeAll(async () => {
  place = await createLoopback();
  dockgate = await startLoopbackDockgate(place);
});
afterAll(async () => {
  await place.close();
});

const run = (argv: readonly string[], stdin = '', node = process.execPath): Promise<Outcome> =>
  runDockgate(place, argv, { stdin, node });
const user = (argv: readonly string[], stdin = '', node = process.execPath): Promise<Outcome> =>
  run(['user', ...argv, '--data', dockgate.data], stdin, node);

/** The status of a login, which is the same at the token service and with Basic. */
async function login(name: string, password: string): Promise<number> {
  const { url, ca } = dockgate;
  const headers = { authorization: basic({ user: name, password }) };
  const { status } = await request(place, `${url}/v2/token`, { ca, headers });
  expect((await request(place, `${url}/v2/`, { ca, headers })).status).toBe(status);
  return status;
}

describe.each([
  ["the tests' Node", process.execPath],
  ["the system's Node", 'node'],
])('the program, run by %s', (_, node) => {
  test('says what it is', async () => {
    const { code, stdout, stderr } = await run(['--help'], '', node);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: dockgate [options] [command]');
  });

  test('says with its exit code what was wrong', async () => {
    expect((await run(['sevre'], '', node)).code).toBe(2);
    expect((await user(['remove', 'nobody'], '', node)).code).toBe(1);
  });

  test('reads from its standard input', async () => {
    succeeded(await user(['add', 'carol', '--password-stdin'], 'a long password', node));
    expect(await login('carol', 'a long password')).toBe(200);
    succeeded(await user(['remove', 'carol'], '', node));
  });

  test('runs the gateway until it is told to stop', async () => {
    const data = `${dockgate.data}-${node === 'node' ? 'system' : 'own'}`;
    const serve = [node, PROGRAM, 'serve', '--data', data, '--https', '0', '--http', '0'];
    const server = place.spawn(serve, { folder: place.folder });
    await server.waitFor(/"serves":/);
    await server.signal('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, signal: null });
    expect(server.output()).toContain('"message":"stopped"');
  });
});

test.each([
  [['serve', '--help'], '--https <port>'],
  [['user', '--help'], 'passwd'],
  [['user', 'add', '--help'], '--password-stdin'],
])('%j: what it does, and 0', async (argv, text) => {
  const { code, stdout, stderr } = await run(argv);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(text);
});

test.each([
  [[], 'Usage: dockgate'],
  [['sevre'], "unknown command 'sevre'"],
  [['serve', '--prot'], "unknown option '--prot'"],
  [['serve', 'more'], 'too many arguments'],
  [['user'], 'Usage: dockgate user'],
  [['user', 'ad'], "unknown command 'ad'"],
  [['user', 'add'], "missing required argument 'name'"],
  [['user', 'list', '--jsno'], "unknown option '--jsno'"],
  [['user', 'add', 'x'], 'use --password-stdin'],
])('%j: what is wrong, and 2', async (argv, text) => {
  const { code, stdout, stderr } = await run(argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(text);
  expect(stderr).not.toContain('    at ');
});

test('users come, change and go while the gateway runs', async () => {
  expect(await login('alice', 'first password')).toBe(401);
  const added = succeeded(await user(['add', 'alice', '--password-stdin'], 'first password\n'));
  expect(added.stdout).toBe('added alice\n');
  expect(await login('alice', 'first password')).toBe(200);
  expect(await login('alice', 'first password\n')).toBe(401);

  succeeded(await user(['passwd', 'alice', '--password-stdin'], 'second password\r\nmore'));
  expect(await login('alice', 'first password')).toBe(401);
  expect(await login('alice', 'second password')).toBe(200);

  succeeded(await user(['remove', 'alice']));
  expect(await login('alice', 'second password')).toBe(401);
});

test('users are listed, also in JSON, without their passwords', async () => {
  succeeded(await user(['add', 'root', '--role', 'admin', '--password-stdin'], 'some password'));
  const text = succeeded(await user(['list'])).stdout;
  expect(text.split('\n')).toEqual(['admin\tadmin', 'root\tadmin', '']);
  const json = JSON.parse(succeeded(await user(['list', '--json'])).stdout) as unknown;
  expect(json).toEqual(
    ['admin', 'root'].map((name) => ({ name, roles: ['admin'], createdAt: expect.any(Number) as number })),
  );
  succeeded(await user(['remove', 'root']));
});

test.each([
  [['add', 'admin', '--password-stdin'], 'a password'],
  [['add', 'bob', '--password-stdin'], ''],
  [['add', 'b:b', '--password-stdin'], 'a password'],
  [['add', 'bob', '--role', 'none', '--password-stdin'], 'a password'],
  [['passwd', 'nobody', '--password-stdin'], 'a password'],
  [['remove', 'nobody'], ''],
])('user %j cannot be: a sentence, and 1', async (argv, stdin) => {
  const { code, stdout, stderr } = await user(argv, stdin);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^dockgate: .+\n$/);
  expect(succeeded(await user(['list'])).stdout).toBe('admin\tadmin\n');
});
