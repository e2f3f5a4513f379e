import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { mediaTypes, parseName, RegistryError, type Digest } from '../../../registry/model/index.ts';
import { outcomeOf, readOutcome } from '../../../registry/repositories/outcome.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { reply } from '../upstream/scripted.ts';
import { faultOf, proxy, readAll, readerOf, startEngine, tagged, type Engine } from './engine.ts';
import { makeImage, sendBlob, startRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const other = parseName('team/other');
const size = 20_000;

/** A blob that the upstream has under both names, and engines of two processes on one data folder. */
async function start(settings: Partial<Parameters<typeof proxy>[1]> = {}) {
  const upstream = await startRegistry();
  const bytes = randomBytes(size);
  const digest = upstream.pushBlob(app, bytes);
  upstream.pushBlob(other, bytes);
  const repositories = { hub: proxy(upstream.url, settings) };
  const one = await startEngine(repositories);
  const two = await startEngine(repositories, one);
  return { upstream, bytes, digest, one, two };
}

const open = (engine: Engine, digest: Digest, name = app) =>
  engine.repository('hub').openBlob(name, digest, 'anywhere');
const read = async (engine: Engine, digest: Digest, name = app): Promise<Buffer> =>
  readAll(readerOf(await open(engine, digest, name)));

/** Sends the head of an answer and, from `from` on, half of the bytes. */
function begin(response: ServerResponse, bytes: Buffer, from = 0): void {
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': bytes.length - from,
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.write(bytes.subarray(from, bytes.length / 2));
}

describe('clients of one digest under two names', () => {
  test('who waits too long starts no second download beside the first', async () => {
    const { upstream, bytes, digest, one } = await start({ connectTimeout: 100, headersTimeout: 400 });
    let response: ServerResponse | undefined;
    upstream.behave((request, answer) => {
      if (request.method !== 'GET') return false;
      response = answer;
      answer.writeHead(200, { 'content-length': bytes.length });
      answer.flushHeaders();
      return true;
    });
    for (const name of [app, other, other])
      expect(await faultOf(open(one, digest, name))).toMatchObject({ kind: 'timeout' });
    expect(upstream.count('GET')).toBe(1);
    response?.end(bytes);
    expect((await read(one, digest)).equals(bytes)).toBe(true);
    expect((await read(one, digest, other)).equals(bytes)).toBe(true);
    expect(upstream.count('GET')).toBe(1);
  });

  test('that the upstream has under one only: a reference in a manifest opens nothing (T11)', async () => {
    const { upstream, bytes, digest, one } = await start();
    const layer = { mediaType: 'application/vnd.example', digest, size };
    const image = makeImage(10, { layers: [layer] });
    upstream.push('team/thief', '1', image);
    await one.repository('hub').findManifest(parseName('team/thief'), tagged('1'), 'anywhere');
    let response: ServerResponse | undefined;
    upstream.behave((request, answer) => {
      if (request.method !== 'GET' || request.url?.includes(digest) !== true) return false;
      response = answer;
      begin(answer, bytes);
      return true;
    });
    const reader = readerOf(await open(one, digest));
    upstream.behave(undefined);
    expect(await open(one, digest, parseName('team/thief'))).toBeUndefined();
    response?.end(bytes.subarray(bytes.length / 2));
    expect((await readAll(reader)).equals(bytes)).toBe(true);
  });
});

describe('two processes', () => {
  test.each([
    ['has it not', 404],
    ['has failed', 500],
  ])('a name that %s does not decide for the other', async (_, status) => {
    const { upstream, bytes, digest, one, two } = await start({ autoBlock: false });
    let refuse: (() => void) | undefined;
    upstream.behave((request, response) => {
      if (request.method !== 'GET' || request.url?.includes(app) !== true) return false;
      refuse = () => {
        reply(response, status, {}, '{"errors":[]}');
      };
      return true;
    });
    const first = open(one, digest).catch((fault: unknown) => fault);
    await vi.waitFor(() => {
      expect(refuse).toBeDefined();
    });
    const second = read(two, digest, other);
    await vi.waitFor(() => {
      expect(upstream.count(`HEAD /v2/${other}/`)).toBe(1);
    });
    refuse?.();
    expect(await first).toSatisfy((each) => each === undefined || each instanceof UpstreamFailure);
    expect((await second).equals(bytes)).toBe(true);
  });

  test('one that has lost a download leaves its bytes to the one that goes on', async () => {
    const { upstream, bytes, digest, one, two } = await start({ autoBlock: false });
    const answers: ServerResponse[] = [];
    upstream.behave((request, response) => {
      if (request.method !== 'GET') return false;
      const at = answers.push(response);
      if (at === 3) reply(response, 404);
      else begin(response, bytes, Number(/=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0));
      return true;
    });
    const lost = readerOf(await open(one, digest));
    const row = await one.metadata.downloads.find(digest);
    await one.metadata.downloads.prolong(digest, row?.by ?? '', Date.now() - 1);
    const kept = readerOf(await open(two, digest));
    await vi.waitFor(() => {
      expect(answers).toHaveLength(2);
    });
    answers[0]?.destroy();
    await vi.waitFor(() => {
      expect(one.faults).not.toEqual([]);
    });
    answers[1]?.end(bytes.subarray(bytes.length / 2));
    expect((await readAll(kept)).equals(bytes)).toBe(true);
    await lost.close();
    expect((await read(one, digest)).equals(bytes)).toBe(true);
  });

  test('who has read wrong bytes along is never given the end of the right ones', async () => {
    const { upstream, bytes, digest, one, two } = await start();
    const wrong = Buffer.from(bytes);
    wrong[10] = (wrong[10] ?? 0) ^ 1;
    let response: ServerResponse | undefined;
    upstream.behave((request, answer) => {
      if (request.method !== 'GET') return false;
      response = answer;
      begin(answer, wrong);
      return true;
    });
    const first = readAll(readerOf(await open(one, digest))).catch((fault: unknown) => fault);
    const along = readerOf(await open(two, digest));
    upstream.behave((request, answer) => {
      sendBlob(bytes, request.headers.range, answer);
      return true;
    });
    response?.end(wrong.subarray(wrong.length / 2));
    expect(await first).toBeInstanceOf(UpstreamFailure);
    expect((await read(one, digest)).equals(bytes)).toBe(true);
    // Its reader looks only now, when all that it needs seems to be there.
    await vi.waitFor(async () => {
      expect(await two.repository('hub').findBlob(app, digest, 'local')).toBeDefined();
    });
    expect(await faultOf(readAll(along))).toBeInstanceOf(Error);
    expect((await read(two, digest)).equals(bytes)).toBe(true);
  });

  test('one that was killed with a manifest in its hands does not keep it for long', async () => {
    const { upstream, two } = await start();
    const image = makeImage();
    upstream.push(app, '1', image);
    // As the other has left it; nobody prolongs it.
    await two.metadata.claims.claim(`manifest hub ${app} 1`, 'killed', Date.now() + 500);
    expect(await two.repository('hub').findManifest(app, tagged('1'), 'anywhere')).toMatchObject({
      digest: image.digest,
    });
  });

  test('a claim of a manifest is held for as long as its fetching takes, and given back', async () => {
    const { upstream, one } = await start();
    const image = makeImage();
    upstream.push(app, '1', image);
    let finish: (() => void) | undefined;
    upstream.behave((_, response) => {
      finish = () => {
        reply(response, 200, { 'content-type': mediaTypes.ociManifest }, image.bytes);
      };
      return true;
    });
    const claim = vi.spyOn(one.metadata.claims, 'claim');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const found = one.repository('hub').findManifest(app, tagged('1'), 'anywhere');
    await vi.waitFor(() => {
      expect(finish).toBeDefined();
    });
    expect(claim).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(4000);
    expect(claim).toHaveBeenCalledTimes(3);
    const [key, me] = claim.mock.calls[0] ?? [''];
    for (const [, by, until] of claim.mock.calls) {
      expect(by).toBe(me);
      expect(until - Date.now()).toBeLessThanOrEqual(5000);
    }
    finish?.();
    expect(await found).toMatchObject({ digest: image.digest });
    expect(vi.getTimerCount()).toBe(0);
    expect(await one.metadata.claims.claim(key, 'another', Date.now() + 1000)).toBe(true);
  });
});

describe('what another process is told of a failure', () => {
  test('is what a client may read', () => {
    const failure = new UpstreamFailure('hub', 'rate-limited', 'wait', { retryAfter: 7 });
    expect(readOutcome('hub', outcomeOf(failure))).toMatchObject({
      kind: 'rate-limited',
      message: 'hub: wait',
      retryAfter: 7,
    });
    const full = new RegistryError('storageFull');
    expect(readOutcome('hub', outcomeOf(full))?.message).toContain('the blob store is full');
    expect(readOutcome('hub', outcomeOf(undefined))).toBeUndefined();
  });

  test('is not where our files are', () => {
    const fault = new Error("EACCES: permission denied, open '/data/blobs/incoming/1'");
    const told = readOutcome('hub', outcomeOf(fault));
    expect(told?.message).toContain('its process');
    expect(told?.message).not.toContain('/data');
  });
});
