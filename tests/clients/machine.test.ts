import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from '../support/http-request.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { removeFolder } from '../support/place.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

const exists = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 200 && exists(pid); attempt++) await sleep(25);
}

/** A server that answers its own name on a port that only root may bind. */
const SERVER = `require('node:http').createServer((_, r) => r.end('inside')).listen(80, '${ADDRESS}',
  () => console.log('ready'))`;

describeWith(['namespaces'], 'a private machine', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await createMachine({
      hosts: { 'a.test': ADDRESS, 'b.test': '10.99.0.2' },
      addresses: ['10.99.0.2'],
    });
  });
  afterAll(() => machine.close());

  test('knows the names it was given', async () => {
    const found = succeeded(await machine.run(['getent', 'hosts', 'a.test', 'b.test']));
    expect(found.stdout).toMatch(/10\.99\.0\.1 +a\.test\n10\.99\.0\.2 +b\.test\n/);
  });

  test('has loopback and nothing else', async () => {
    expect(
      succeeded(await machine.run(['ip', '-o', 'link']))
        .stdout.trim()
        .split('\n'),
    ).toHaveLength(1);
    expect((await machine.run(['ip', 'route', 'get', '192.0.2.1'])).code).not.toBe(0);
  });

  test('gives programs a clean environment and no folder of the host engines', async () => {
    const env = succeeded(await machine.run(['env'], { env: { MINE: '1' } })).stdout;
    expect(env.split('\n').map((line) => line.split('=')[0])).toEqual([
      'PATH',
      'HOME',
      'LANG',
      'TMPDIR',
      'MINE',
      '',
    ]);
    expect(succeeded(await machine.run(['findmnt', '-no', 'FSTYPE', '/run'])).stdout).toBe('tmpfs\n');
    expect(succeeded(await machine.run(['ls', '-A', '/etc/docker/certs.d'])).stdout).toBe('');
  });

  test('keeps what is written to its /etc to itself', async () => {
    succeeded(await machine.run(['sh', '-c', 'echo inside > /etc/dockgate-test']));
    expect(readFileSync(machine.etc('/etc/dockgate-test'), 'utf8')).toBe('inside\n');
    expect(existsSync('/etc/dockgate-test')).toBe(false);
  });

  test('lets the test speak to a server inside, and only through the machine', async () => {
    const server = machine.spawn([process.execPath, '-e', SERVER]);
    await server.waitFor(/ready/);
    expect((await request(machine, `http://${ADDRESS}/`)).body.toString()).toBe('inside');
    await server.stop();
    expect((await server.ended).signal).toBe('SIGTERM');
    await expect(request(machine, `http://${ADDRESS}/`)).rejects.toThrow();
  });

  test('ends a program and its children at the timeout', async () => {
    const late = await machine.run(['sh', '-c', 'echo $$; sleep 1000 & sleep 1000'], { timeout: 300 });
    expect(late.code).toBeNull();
    expect(late.stderr).toMatch(/killed after 300 ms/);
    expect((await machine.run(['sh', '-c', 'grep -lx sleep /proc/[0-9]*/comm'])).stdout).toBe('');
  });

  test('knows the process id that the rest of the system sees', async () => {
    const server = machine.spawn(['sleep', '1000']);
    const pid = await server.pid();
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    await server.signal('SIGKILL');
    await server.ended;
    expect(exists(pid)).toBe(false);
  });
});

describeWith(['namespaces'], 'the end of a private machine', () => {
  test('takes every process and the folder along', async () => {
    const machine = await createMachine();
    const server = machine.spawn(['setsid', 'sh', '-c', 'trap "" TERM; sleep 1000; true']);
    const pid = await server.pid();
    expect(exists(pid)).toBe(true);
    await machine.close();
    expect(exists(pid)).toBe(false);
    expect(existsSync(machine.folder)).toBe(false);
    await machine.close();
  });

  test('comes when the test process is killed', async () => {
    const script = `import { createMachine } from '${join(import.meta.dirname, '../support/machine.ts')}';
      const machine = await createMachine();
      console.log(machine.folder, await machine.spawn(['sleep', '1000']).pid());`;
    const runner = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' });
    const [line] = (await once(runner.stdout, 'data')) as [Buffer];
    const [folder = '', pid] = line.toString().trim().split(' ');
    expect(exists(Number(pid))).toBe(true);
    runner.kill('SIGKILL');
    await untilGone(Number(pid));
    expect(exists(Number(pid))).toBe(false);
    await removeFolder(folder);
  });
});
