import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCachingGateway, type CachingGateway } from '../support/caching-gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded, type Outcome } from '../support/process.ts';
import { PROGRAM, runDockgate } from '../support/program.ts';
import { basic } from '../support/realm.ts';
import { seedImage, seedIndex } from '../support/seed-image.ts';

let place: Place;
let both: CachingGateway;
beforeAll(async () => {
  place = await createLoopback();
  both = await startCachingGateway(place);
  await seedImage(both.gateway, 'team/app', '1');
  await seedImage(both.upstream, 'team/tool', '1', { layers: [50_000] });
  await seedIndex(both.upstream, 'team/multi', '1', ['amd64', 'arm64']);
});
afterAll(async () => {
  await both.stop();
  await place.close();
});

const run = (...argv: readonly string[]): Promise<Outcome> => runDockgate(place, argv);
/** Runs a command for the gateway of this test. */
const dockgate = (...argv: readonly string[]): Promise<Outcome> => run(...argv, '--data', both.gateway.data);
const linesOf = (text: string): string[] => text.trim().split('\n');

describe('explain', () => {
  test('prints a table, and who wins in words', async () => {
    const { stdout, stderr } = succeeded(await dockgate('explain', 'team/app:1'));
    expect(stderr).toBe('');
    const [heading, hosted, hub, ...words] = linesOf(stdout);
    expect(heading).toMatch(/^MEMBER +RULE +ANSWER +SOURCE +AGE +DIGEST$/);
    expect(hosted).toMatch(/^hosted +\S.*found +hosted +- +sha256:[0-9a-f]{64}$/);
    expect(hub).toMatch(/^hub /);
    expect(words.at(-1)).toBe('hosted answers team/app:1 with what was pushed to it.');
    const columns = [heading, hosted, hub].map((line = '') => line.search(/(?<= {2})(?:ANSWER|found|not)/));
    expect(new Set(columns).size).toBe(1);
  });

  test('says that nobody has it', async () => {
    const { stdout } = succeeded(await dockgate('explain', 'team/none:1'));
    expect(linesOf(stdout).at(-1)).toBe('Nobody behind group answers team/none:1.');
  });

  test('prints what the API says with --json', async () => {
    const { stdout } = succeeded(await dockgate('explain', 'localhost/team/app:1', '--json'));
    expect(JSON.parse(stdout)).toMatchObject({
      image: 'localhost/team/app:1',
      repository: 'group',
      winner: 'hosted',
    });
  });

  test('asks as a mirror with --ns', async () => {
    const { code, stdout, stderr } = await dockgate('explain', 'team/app:1', '--ns', 'nowhere.example');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^dockgate: .+\n$/);
  });
});

describe('prefetch', () => {
  test('prints a line per image where there is no terminal', async () => {
    const { stdout, stderr } = succeeded(await dockgate('prefetch', 'team/tool:1'));
    expect([stdout, stderr]).toMatchObject([
      expect.stringMatching(/^team\/tool:1: fetched 2 blobs, 4\d\.\d KiB\n$/),
      '',
    ]);
    const again = succeeded(await dockgate('prefetch', 'team/tool:1'));
    expect(again.stdout).toBe('team/tool:1: fetched 0 blobs, 0 B, 2 more were here\n');
  });

  test('an image that fails: the others are fetched, a sentence, and 1', async () => {
    const { code, stdout, stderr } = await dockgate('prefetch', 'team/none:1', 'team/tool:1');
    expect(code).toBe(1);
    expect(linesOf(stdout)).toEqual([
      expect.stringMatching(/^team\/none:1: failed: ./),
      expect.stringMatching(/^team\/tool:1: fetched/),
    ]);
    expect(stderr).toBe('dockgate: not fetched: team/none:1\n');
  });

  test('fetches the platforms that are named, and all of them only when told to', async () => {
    const manifests = async (...options: string[]): Promise<number> => {
      const { stdout } = succeeded(await dockgate('prefetch', 'team/multi:1', '--json', ...options));
      return linesOf(stdout).filter((line) => (JSON.parse(line) as { kind: string }).kind === 'manifest')
        .length;
    };
    expect(await manifests()).toBe(2);
    expect(await manifests('--platform', 'linux/arm64')).toBe(2);
    expect(await manifests('--platform', 'linux/amd64', '--platform', 'linux/arm64')).toBe(3);
    expect(await manifests('--all-platforms')).toBe(3);
    expect((await dockgate('prefetch', 'team/multi:1', '--platform', 'linux/mips')).code).toBe(1);
  });
});

describe('upstream', () => {
  test('list, block and unblock', async () => {
    const [heading, hub] = linesOf(succeeded(await dockgate('upstream', 'list')).stdout);
    expect(heading).toMatch(/^NAME +URL +STATE +PULLS LEFT +CACHE$/);
    expect(hub).toMatch(/^hub +http:\/\/localhost:\d+\/? +asked +\S.*B$/);

    expect(succeeded(await dockgate('upstream', 'block', 'hub', '--reason', 'it lies')).stdout).toBe(
      'blocked hub\n',
    );
    expect(linesOf(succeeded(await dockgate('upstream', 'list')).stdout)[1]).toContain(
      'blocked by the command line: it lies',
    );
    const listed = JSON.parse(succeeded(await dockgate('upstream', 'list', '--json')).stdout) as unknown;
    expect(listed).toMatchObject({ upstreams: [{ repository: 'hub', blocked: { reason: 'it lies' } }] });

    expect(succeeded(await dockgate('upstream', 'unblock', 'hub')).stdout).toBe('unblocked hub\n');
    expect(linesOf(succeeded(await dockgate('upstream', 'list')).stdout)[1]).toContain(' asked ');
  });

  test('what is no proxy: a sentence, and 1', async () => {
    for (const verb of ['block', 'unblock']) {
      const { code, stderr } = await dockgate('upstream', verb, 'hosted');
      expect([code, stderr]).toEqual([1, 'dockgate: there is no proxy hosted\n']);
    }
  });
});

test.each([
  [['explain'], "missing required argument 'image'"],
  [['explain', 'Team/App'], 'has capitals'],
  [['explain', 'x', '--jsno'], "unknown option '--jsno'"],
  [['prefetch'], "missing required argument 'image'"],
  [['prefetch', 'X'], 'has capitals'],
  [['prefetch', 'x', '--platform', 'amd64'], 'is not a platform'],
  [['prefetch', 'x', '--platform', 'linux/amd64', '--all-platforms'], 'exclude each other'],
  [['upstream', 'block'], "missing required argument 'name'"],
])('%j: what is wrong, and 2', async (argv, sentence) => {
  const { code, stdout, stderr } = await dockgate(...argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
});

test.each([
  ['explain', 'x'],
  ['prefetch', 'x'],
  ['upstream', 'list'],
  ['upstream', 'block', 'hub'],
])('%s %s without a running gateway: what to do, and 1', async (...argv) => {
  const { code, stdout, stderr } = await run(...argv, '--data', `${place.folder}/none`);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^dockgate: no gateway runs on .+\/none: start one with "dockgate serve", or .+\n$/);
});

test.each([
  ['explain', '--ns'],
  ['prefetch', '--all-platforms'],
  ['upstream', 'unblock'],
])('%s --help', async (command, told) => {
  const { stdout } = succeeded(await run(command, '--help'));
  expect(stdout).toContain(told);
});

test('who may not open the data folder is told so', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('needs root, to become somebody else');
  const weak = ['setpriv', '--reuid', '65534', '--clear-groups', process.execPath, PROGRAM];
  const { code, stderr } = await place.run([...weak, 'upstream', 'list', '--data', both.gateway.data]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^dockgate: .+ belongs to another user: run this as the user who runs the gateway\n$/,
  );
});

test('and the page, health and login are as they were', async () => {
  const { gateway } = both;
  expect((await gateway.ask('/readyz')).status).toBe(200);
  expect((await gateway.ask('/v2/', { headers: { authorization: basic(gateway.admin) } })).status).toBe(200);
  expect((await gateway.plain.ask('/api/v1/openapi.json')).status).toBe(308);
});
