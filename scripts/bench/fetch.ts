import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { startDistance } from './distance.ts';
import { startDockgate } from './dockgate.ts';
import { firstByte, type Asked, type Connections } from './first-byte.ts';
import type { Setting } from './match.ts';
import { pullByMany } from './pull-by-many.ts';
import { push } from './push.ts';
import { makeRandomFile } from './random-file.ts';
import { makeSampleImage, pushSampleImage } from './sample-image.ts';

/** Bytes that came from the upstream while all clients pulled one blob of `size` through so many gateways. */
export interface Amount {
  readonly gateways: number;
  readonly size: number;
  readonly fetched: number;
}

/** Seconds to the first byte, round by round: through Dockgate, and straight from the upstream `delay` ms away. */
export interface FirstBytes {
  readonly connections: Connections;
  readonly delay: number;
  readonly through: readonly number[];
  readonly direct: readonly number[];
}

/** What pulls through a proxy of Dockgate cost. */
export interface FetchResults {
  readonly clients: number;
  readonly amounts: readonly Amount[];
  readonly firstBytes: readonly FirstBytes[];
}

const CLIENTS = 100;
const FIRST_BYTES_OF = 8 * 1024 * 1024;
/** Ways to the upstream in ms: none, and that to a registry in the same part of the world. */
const DELAYS = [0, 20];
/** A server logs after it has answered; ms. */
const LOGGED_WITHIN = 500;

/** Pulls what nobody has asked for through proxies of the upstream, whose names and certificate are those of loopback. */
export async function playFetch(upstream: Contender, setting: Setting): Promise<FetchResults> {
  const amounts: Amount[] = [];
  for (const gateways of [1, 2]) amounts.push(await measureAmount(upstream, gateways, setting));
  const firstBytes: FirstBytes[] = [];
  for (const delay of DELAYS) firstBytes.push(...(await measureFirstBytes(upstream, delay, setting)));
  return { clients: CLIENTS, amounts, firstBytes };
}

async function measureAmount(
  upstream: Contender,
  gateways: number,
  { options, folder, cores, say }: Setting,
): Promise<Amount> {
  const size = options.fetchedSize;
  const digest = await pushNew(upstream, join(folder, 'fetched'), size);
  const proxy = proxyOf(upstream, upstream.url);
  const dockgates: Contender[] = [];
  try {
    for (let each = 0; each < gateways; each += 1)
      dockgates.push(await startDockgate(folder, cores, { data: `fetch-by-${gateways}`, proxy }));
    await Promise.all(dockgates.map((each) => pullByMany(each, CLIENTS / gateways, { digest, size })));
    const fetched = await sentBytes(upstream, digest);
    say(`fetch: ${CLIENTS} clients, ${gateways} gateways: ${(fetched / size).toFixed(3)} times the blob`);
    return { gateways, size, fetched };
  } finally {
    await Promise.all(dockgates.map((each) => each.stop()));
  }
}

async function measureFirstBytes(
  upstream: Contender,
  delay: number,
  setting: Setting,
): Promise<FirstBytes[]> {
  const { folder, cores } = setting;
  await pushSampleImage(upstream, makeSampleImage(), folder);
  const distance = delay > 0 ? await startDistance(upstream.url, delay) : undefined;
  const direct = { ...upstream, url: distance?.url ?? upstream.url };
  const proxy = proxyOf(upstream, direct.url);
  const dockgate = await startDockgate(folder, cores, { data: `first-byte-${delay}`, proxy });
  try {
    const results: FirstBytes[] = [];
    for (const connections of ['new', 'kept'] as const) {
      const fresh = (): Promise<string> => pushNew(upstream, join(folder, 'first'), FIRST_BYTES_OF);
      const ask = (asked: Asked, digest: string): Promise<number> => firstByte(asked, digest, connections);
      setting.say(`fetch: first bytes over ${connections} connections, the upstream ${delay} ms away`);
      results.push({ connections, delay, ...(await takeTurns({ dockgate, direct, fresh, ask }, setting)) });
    }
    return results;
  } finally {
    await dockgate.stop();
    await distance?.close();
  }
}

interface Turns {
  readonly dockgate: Asked;
  readonly direct: Asked;
  /** Pushes a blob that nobody has seen. */
  readonly fresh: () => Promise<string>;
  readonly ask: (asked: Asked, digest: string) => Promise<number>;
}

/** Both pull the same new blob in each round, the other one first each time, after a round that is not counted. */
async function takeTurns(
  { dockgate, direct, fresh, ask }: Turns,
  { options: { rounds }, say }: Setting,
): Promise<Pick<FirstBytes, 'through' | 'direct'>> {
  const [through, straight]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const digest = await fresh();
    const first = round % 2 === 0 ? await ask(direct, digest) : undefined;
    const ours = await ask(dockgate, digest);
    const theirs = first ?? (await ask(direct, digest));
    say(`fetch ${round}/${rounds}: ${milliseconds(ours)} through Dockgate, ${milliseconds(theirs)} direct`);
    if (round === 0) continue;
    through.push(ours);
    straight.push(theirs);
  }
  return { through, direct: straight };
}

/** A proxy that asks for each manifest whether it is still the same, as one does whose copy has become old. */
function proxyOf({ ca }: Contender, upstream: string): object {
  return { upstream, ca, tagMaxAge: '0s' };
}

async function pushNew(upstream: Contender, path: string, size: number): Promise<string> {
  const file = await makeRandomFile(path, size);
  await push(upstream, file);
  return file.digest;
}

/** Bytes that docker-registry has sent of a blob, as its access log says; without headers. */
async function sentBytes({ logFile }: Contender, digest: string): Promise<number> {
  await sleep(LOGGED_WITHIN);
  const lines = (await readFile(logFile, 'utf8')).matchAll(/"GET (\S+) HTTP\/[\d.]+" \d{3} (\d+)/g);
  return lines.reduce((sum, [, path, bytes]) => sum + (path?.includes(digest) ? Number(bytes) : 0), 0);
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
