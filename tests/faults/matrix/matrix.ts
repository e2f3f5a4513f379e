import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../support/authority.ts';
import { startFaultyUpstream } from '../../support/faulty-upstream.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { cellsOf, serveCell, serveSearch, type Cell } from './cell.ts';
import { expected, expectedHealed, type Fault } from './rules.ts';
import { run, type Report } from './run.ts';
import type { Row } from './settings.ts';

/** Declares the tests of these faults, in each state of the cache and for each kind of question. */
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
