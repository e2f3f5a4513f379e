import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startLocalGateway, type LocalGateway } from '../../support/gateway.ts';
import type { Place } from '../../support/place.ts';
import { seedImage } from '../../support/seed-image.ts';
import { pointTag, SEARCH, type Cell } from './cell.ts';
import { judge } from './judge.ts';
import { findDamage, findLeftovers } from './remains.ts';
import { settingsOf, type Row } from './settings.ts';
import { Visitor } from './visitor.ts';

/** How many clients there are while nothing may fail, and while the upstreams do. */
const FEW = 4;
const MANY = 40;

/** Long enough for everything that the gateway may still be waiting for, in ms. */
const SETTLING = 20_000;

/** What the three phases of all cells came to. */
export interface Report {
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
 * Runs all cells: the proxies get what they are to have, the upstreams move their tags and begin to fail, the cells are
 * asked many at a time, the upstreams are healed, and all are asked again.
 */
export async function run(place: Place, rows: readonly Row[]): Promise<Report> {
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

  await seedImage(gateway, SEARCH.here, 'latest');
  await seed(gateway, cells);
  for (const { upstream, elsewhere, cells: own } of rows)
    for (const { name, state, moved } of own)
      if (state !== 'uncached') for (const server of [upstream, elsewhere]) pointTag(server, name, moved);

  await restart(true);
  for (const { fault, upstream } of rows) if (fault !== 'DNS fails') await upstream.fail(fault);
  const failing = await visit(gateway, rows, MANY);
  const servers = rows.flatMap(({ upstream, elsewhere }) => [upstream, elsewhere]);
  const lingering = await settled(() => findLeftovers(data, servers, 'running'));

  for (const { upstream } of rows) await upstream.heal();
  await restart(false);
  const healed = await visit(gateway, rows, FEW);
  await gateway.stop();
  const leftovers = await settled(() => findLeftovers(data, servers, 'stopped'));
  return { failing, healed, lingering, leftovers, damage: await findDamage(data) };
}

/** Pulls what each proxy is to have. */
async function seed(gateway: LocalGateway, cells: readonly Cell[]): Promise<void> {
  const visitor = new Visitor(gateway);
  await each(cells, FEW, async ({ host, seeds }) => {
    for (const path of seeds) {
      const seen = await visitor.get(host, path);
      if (seen?.status !== 200 || !seen.isWhole)
        throw new Error(`${host}${path} answered ${String(seen?.status)}: ${String(seen?.body)}`);
    }
  });
  visitor.close();
}

/** Asks for everything, so much at the same time. */
async function visit(
  gateway: LocalGateway,
  rows: readonly Row[],
  most: number,
): Promise<ReadonlyMap<Cell, string>> {
  const visitor = new Visitor(gateway);
  const outcomes = new Map<Cell, string>();
  const visits = rows.flatMap(({ cells, upstream }) => {
    const before = upstream.requests.length;
    return cells.map((cell) => ({ cell, asked: () => upstream.requests.slice(before) }));
  });
  await each(visits, most, async ({ cell, asked }) => {
    const seen = await visitor.get(cell.host, cell.path);
    const wasAsked = asked().some(({ url }) => url.includes(`/${cell.name}/`));
    outcomes.set(cell, judge(cell, seen, wasAsked));
  });
  visitor.close();
  return outcomes;
}

/** Does something with everything in a list, with `most` of it at the same time. */
async function each<T>(list: readonly T[], most: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = list.values();
  const workers = Array.from({ length: most }, async () => {
    for (const one of left) await work(one);
  });
  await Promise.all(workers);
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
