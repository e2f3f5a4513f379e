import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { json, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askGateway, NoGateway, openControl, type Control } from '../../gateway/control/index.ts';
import { startCachingGateway } from '../support/caching-gateway.ts';
import { startLoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { seedImage } from '../support/seed-image.ts';

let place: Place;
beforeEach(async () => {
  place = await createLoopback();
});
afterEach(async () => {
  await place.close();
});

const own = `${process.pid}.sock`;
const socketsOf = async (data: string): Promise<string[]> => (await readdir(join(data, 'run'))).toSorted();
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

/** A socket in `data` on which `answer` is said. */
const open = (data: string, answer = 'here'): Promise<Control> =>
  openControl(data, (_req, res) => {
    res.end(answer);
  });
const ask = async (data: string): Promise<string> =>
  text((await askGateway(data, { method: 'GET', path: '/' })).body);

describe('the socket for commands', () => {
  test('is for the owner of the data folder alone, and goes when it is closed', async () => {
    const data = join(place.folder, 'data');
    await mkdir(join(data, 'run'), { recursive: true });
    await chmod(join(data, 'run'), 0o777);
    const control = await open(data);
    expect(await socketsOf(data)).toEqual([own]);
    expect([await modeOf(join(data, 'run')), await modeOf(join(data, 'run', own))]).toEqual([0o700, 0o600]);
    expect(await ask(data)).toBe('here');
    await control.close();
    expect(await socketsOf(data)).toEqual([]);
  });

  test('what killed gateways left is removed, what lives is not, and other files stay', async () => {
    const run = join(place.folder, 'data', 'run');
    await mkdir(run, { recursive: true });
    // A program that ends at once has the number of a process that is not there.
    const { pid: dead } = spawnSync('true');
    const leave = (name: string): void => {
      const script = `require('net').createServer().listen(${JSON.stringify(join(run, name))},()=>process.kill(process.pid,9))`;
      spawnSync(process.execPath, ['-e', script]);
    };
    for (const name of [`${dead}.sock`, `${dead}-2.sock`, own]) leave(name);
    const living = createServer((_req, res) => res.end('living')).listen(join(run, `${process.ppid}.sock`));
    await once(living, 'listening');
    await writeFile(join(run, 'note'), '');
    expect(await readdir(run)).toHaveLength(5);

    const control = await open(join(place.folder, 'data'));
    expect(await readdir(run)).toEqual(expect.arrayContaining([own, `${process.ppid}.sock`, 'note']));
    expect(await readdir(run)).toHaveLength(3);
    await control.close();
    living.close();
  });

  test('two on one data folder both have one; commands find the one that is left', async () => {
    const data = join(place.folder, 'data');
    const [one, other] = [await open(data, 'one'), await open(data, 'other')];
    expect(await socketsOf(data)).toEqual([`${process.pid}-2.sock`, own]);
    await one.close();
    expect(await ask(data)).toBe('other');
    await other.close();
  });

  test.each([107 - 33, 108 - 33, 107, 108, 300])('works below a path of %i bytes', async (length) => {
    const rest = length - place.folder.length - '/run'.length;
    const data = join(place.folder, ...('x'.repeat(rest - 1).match(/.{1,90}/g) ?? []));
    await mkdir(data, { recursive: true });
    const control = await open(data);
    expect(await socketsOf(data)).toEqual([own]);
    expect(await ask(data)).toBe('here');
    await control.close();
    expect(await socketsOf(data)).toEqual([]);
  });

  test('closes although somebody has connected and says nothing', async () => {
    const data = join(place.folder, 'data');
    const control = await open(data);
    const silent = net.connect(join(data, 'run', own));
    await once(silent, 'connect');
    await control.close();
    silent.destroy();
  });

  test('no gateway: a sentence that says what to do', async () => {
    const empty = join(place.folder, 'empty');
    await mkdir(join(empty, 'run'), { recursive: true });
    for (const data of [empty, join(place.folder, 'nothing')])
      await expect(ask(data)).rejects.toThrow(
        new NoGateway(
          `no gateway runs on ${data}: start one with "dockgate serve", or name the folder of the running one with --data`,
        ),
      );
  });
});

describe('a running gateway', () => {
  test('answers on its socket what it answers by HTTPS, to an administrator', async () => {
    const { gateway, stop } = await startCachingGateway(place);
    await seedImage(gateway, 'secret/plan', '1');
    const explained = await askGateway(gateway.data, {
      method: 'GET',
      path: '/api/v1/explain?image=secret/plan:1',
    });
    expect([explained.status, await json(explained.body)]).toMatchObject([200, { winner: 'hosted' }]);
    const path = '/api/v1/upstreams/hub/block';
    const blocked = await askGateway(gateway.data, { method: 'POST', path, body: { reason: 'r' } });
    expect([blocked.status, await json(blocked.body)]).toEqual([200, { repository: 'hub', blocked: true }]);
    const listed = await askGateway(gateway.data, { method: 'GET', path: '/api/v1/upstreams' });
    expect(await json(listed.body)).toMatchObject({ upstreams: [{ blocked: { by: 'the command line' } }] });
    const other = await askGateway(gateway.data, { method: 'GET', path: '/v2/' });
    expect([other.status, await json(other.body)]).toMatchObject([
      404,
      { errors: [{ code: 'UNSUPPORTED' }] },
    ]);
    expect(gateway.entries).toContainEqual(
      expect.objectContaining({
        message: 'request',
        client: 'control socket',
        user: 'the command line',
        path,
      }),
    );
    await stop();
    expect(await socketsOf(gateway.data)).toEqual([]);
    await expect(ask(gateway.data)).rejects.toThrow(NoGateway);
  });

  test('that is told to stop ends what it prefetches', async () => {
    const { gateway, upstream, stop } = await startCachingGateway(place);
    await seedImage(upstream, 'team/tool', '1');
    const images = Array.from({ length: 5000 }, () => 'team/tool:1');
    const { body } = await askGateway(gateway.data, {
      method: 'POST',
      path: '/api/v1/prefetch',
      body: { images },
    });
    await once(body, 'readable');
    const [lines] = await Promise.all([text(body), stop()]);
    const last = JSON.parse(lines.trim().split('\n').at(-1) ?? '') as unknown;
    expect(last).toEqual({ image: 'team/tool:1', kind: 'failed', reason: 'the gateway stops' });
  });

  test('that was killed is not found, and its socket goes with the next start', async () => {
    const dockgate = await startLoopbackDockgate(place);
    const killed = `${dockgate.pid}.sock`;
    expect(await socketsOf(dockgate.data)).toEqual([killed]);
    await dockgate.kill();
    expect(await socketsOf(dockgate.data)).toEqual([killed]);
    await expect(ask(dockgate.data)).rejects.toThrow(NoGateway);
    await dockgate.start();
    expect(await socketsOf(dockgate.data)).toEqual([`${dockgate.pid}.sock`]);
    await dockgate.stop();
    expect(await socketsOf(dockgate.data)).toEqual([]);
  });

  test('serves without a socket where there can be none, and says so', async () => {
    const data = join(place.folder, 'held');
    await mkdir(data);
    await writeFile(join(data, 'run'), 'a file');
    const { gateway, stop } = await startCachingGateway(place, { data });
    expect((await gateway.ask('/healthz')).status).toBe(200);
    expect(gateway.entries).toContainEqual(expect.objectContaining({ message: 'no control socket' }));
    await stop();
  });
});
