import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../support/authority.ts';
import { startFaultyUpstream, type FaultyUpstream } from '../../support/faulty-upstream.ts';
import { startLocalGateway, type LocalGateway } from '../../support/gateway.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { seedImage } from '../../support/seed-image.ts';
import { cellsOf, hostOf, pointTag, proxyOf, SEARCH, serveCell, serveSearch, type Cell } from './cell.ts';
import { judge } from './judge.ts';
import { findDamage, findLeftovers } from './remains.ts';
import { expected, expectedHealed, states, type Fault } from './rules.ts';
import { Visitor } from './visitor.ts';

/** Each far below a second; undici counts them in steps of half a second. */
const TIMEOUTS = { connectTimeout: '800ms', headersTimeout: '800ms', bodyTimeout: '800ms' };

/** Long enough for everything that the gateway may still be waiting for, in ms. */
const SETTLING = 20_000;

/** A proxy that is to fail, with what is asked of it in each state. */
interface Row {
  readonly fault: Fault;
  readonly cells: readonly Cell[];
  readonly upstream: FaultyUpstream;
  /** The host that it redirects to. */
  readonly elsewhere: FaultyUpstream;
}

/** What the three phases of all cells came to. */
interface Report {
  readonly failing: ReadonlyMap<Cell, string>;
  readonly healed: ReadonlyMap<Cell, string>;
  /** What was still going on a while after the last client had its answer. */
  readonly lingering: readonly string[];
  /** What was still open or on its way when the gateway had stopped. */
  readonly leftovers: readonly string[];
  /** What is kept and is not what it is called. */
  readonly damage: readonly string[];
}

/**
 * Declares the tests of these faults. For each cell: the proxy gets what it is to have, the upstream moves its tags and
 * begins to fail, all cells are asked at the same time, the upstream is healed, and all are asked again.
 */
export function testFaults(...faults: readonly Fault[]): void {
  const all = new Map(faults.map((fault) => [fault, cellsOf(fault)]));
  let place: Place;
  let rows: readonly Row[] = [];
  let report: Report;
  beforeAll(async () => {
    place = await createLoopback();
    rows = await Promise.all([...all].map(([fault, cells]) => startRow(place, fault, cells)));
    report = await run(place, rows);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(rows.flatMap(({ upstream, elsewhere }) => [upstream.close(), elsewhere.close()]));
    await place.close();
  });

  describe.each([...all])('%s', (fault, cells) => {
    test.each(cells.map((cell) => [`${cell.state}: ${cell.kind}`, cell] as const))('%s', (_, cell) => {
      const [failing, healed] = [report.failing.get(cell), report.healed.get(cell)];
      expect(failing, failing).toBeOneOf([...expected(fault, cell.state, cell.kind)]);
      expect(healed, `healed: ${String(healed)}`).toBeOneOf([...expectedHealed(cell.state, cell.kind)]);
    });
  });

  test('when the clients have their answers, no request and no download goes on', () => {
    expect(report.lingering).toEqual([]);
  });

  test('nothing that is kept has other bytes than its digest says', () => {
    expect(report.damage).toEqual([]);
  });

  test('when the gateway has stopped, no connection, no file and no download is left', () => {
    expect(report.leftovers).toEqual([]);
  });

  test('the token goes to the upstream and to no other host', () => {
    for (const { upstream, elsewhere } of rows) {
      expect(upstream.requests.some(({ authorization }) => authorization !== undefined)).toBe(true);
      expect(elsewhere.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    }
  });
}

async function startRow(place: Place, fault: Fault, cells: readonly Cell[]): Promise<Row> {
  const elsewhere = await startFaultyUpstream({ address: '127.0.0.2', isOpen: true });
  const tls = fault === 'TLS wrong' ? await keyPairs(place) : undefined;
  const upstream = await startFaultyUpstream({ elsewhere: elsewhere.url, ...(tls && { tls }) });
  for (const server of [upstream, elsewhere]) {
    for (const cell of cells) serveCell(server, cell);
    serveSearch(server);
  }
  return { fault, cells, upstream, elsewhere };
}

/** One that the gateway trusts, and one that nobody does. */
async function keyPairs(place: Place) {
  const [trusted, stranger] = [await createAuthority(place), await createAuthority(place, 'stranger')];
  return { right: await trusted.issue('127.0.0.1'), wrong: await stranger.issue('127.0.0.1') };
}

async function run(place: Place, rows: readonly Row[]): Promise<Report> {
  const cells = rows.flatMap((row) => row.cells);
  const data = join(place.folder, `gateway-${randomUUID()}`);
  // The same name cannot lead somewhere and then nowhere: for this one fault the gateway is started anew.
  const hasNameless = rows.some(({ fault }) => fault === 'DNS fails');
  const start = (isFailing: boolean): Promise<LocalGateway> =>
    startLocalGateway(place, { data, ...settingsOf(place, rows, isFailing) });
  let gateway = await start(false);
  const restart = async (isFailing: boolean): Promise<void> => {
    if (!hasNameless) return;
    await gateway.stop();
    gateway = await start(isFailing);
  };

  await pushOwn(gateway);
  await seed(gateway, cells);
  for (const { upstream, elsewhere, cells: own } of rows)
    for (const { name, state, moved } of own)
      if (state !== 'uncached') for (const server of [upstream, elsewhere]) pointTag(server, name, moved);

  await restart(true);
  for (const { fault, upstream } of rows) if (fault !== 'DNS fails') await upstream.fail(fault);
  const failing = await visit(gateway, rows);
  const servers = rows.flatMap(({ upstream, elsewhere }) => [upstream, elsewhere]);
  const lingering = await settled(() => findLeftovers(data, servers, 'running'));

  for (const { upstream } of rows) await upstream.heal();
  await restart(false);
  const healed = await visit(gateway, rows);
  await gateway.stop();
  const leftovers = await settled(() => findLeftovers(data, servers, 'stopped'));
  return { failing, healed, lingering, leftovers, damage: await findDamage(data) };
}

/** A group, and a host that reads from it, for each fault in each state; `localhost` takes pushes. */
function settingsOf(
  place: Place,
  rows: readonly Row[],
  isFailing: boolean,
): Readonly<Record<string, unknown>> {
  const hosts: Record<string, object> = { localhost: { read: 'mine', write: 'mine' } };
  const repositories: Record<string, object> = { mine: { type: 'hosted' } };
  for (const { fault, upstream } of rows) {
    const isNameless = fault === 'DNS fails' && isFailing;
    const url = isNameless ? 'http://registry.invalid' : upstream.url;
    for (const state of states) {
      const proxy = proxyOf(fault, state);
      hosts[hostOf(proxy)] = { read: `${proxy}-group` };
      repositories[`${proxy}-group`] = { type: 'group', members: ['mine', proxy] };
      repositories[proxy] = {
        type: 'proxy',
        upstream: url,
        index: url,
        prefix: proxy,
        library: false,
        tags: 'upstream',
        autoBlock: false,
        tagMaxAge: state === 'cached fresh' ? '1h' : '0s',
        notFoundMaxAge: '0s',
        ...TIMEOUTS,
        ...(fault === 'TLS wrong' && { ca: join(place.folder, 'test-root', 'ca.crt') }),
      };
    }
  }
  return { hosts, repositories };
}

/** Something that is found here whatever the upstreams do. */
async function pushOwn(gateway: LocalGateway): Promise<void> {
  const { manifest } = await seedImage(gateway, SEARCH.here, 'latest');
  expect(manifest.digest).not.toBe('');
}

/** Pulls what each proxy is to have; a few at a time, since nothing may fail here. */
async function seed(gateway: LocalGateway, cells: readonly Cell[]): Promise<void> {
  const visitor = new Visitor(gateway);
  const left = [...cells];
  const work = async (): Promise<void> => {
    for (let cell = left.pop(); cell; cell = left.pop())
      for (const path of cell.seeds) {
        const seen = await visitor.get(cell.host, path);
        if (seen?.status !== 200 || !seen.isWhole)
          throw new Error(`${cell.host}${path} answered ${String(seen?.status)}: ${String(seen?.body)}`);
      }
  };
  await Promise.all([work(), work(), work(), work()]);
  visitor.close();
}

/** Asks for everything at the same time. */
async function visit(gateway: LocalGateway, rows: readonly Row[]): Promise<ReadonlyMap<Cell, string>> {
  const visitor = new Visitor(gateway);
  const visits = rows.flatMap(({ cells, upstream }) => {
    const before = upstream.requests.length;
    return cells.map(async (cell): Promise<[Cell, string]> => {
      const seen = await visitor.get(cell.host, cell.path);
      const asked = upstream.requests.slice(before).some(({ url }) => url.includes(`/${cell.name}/`));
      return [cell, judge(cell, seen, asked)];
    });
  });
  const outcomes = new Map(await Promise.all(visits));
  visitor.close();
  return outcomes;
}

/** What is found at last: nothing, as soon as there is nothing. */
async function settled(find: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const last = Date.now() + SETTLING;
  for (;;) {
    const found = await find();
    if (found.length === 0 || Date.now() > last) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
}
