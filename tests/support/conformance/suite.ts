import { afterAll, beforeAll, describe, test } from 'vitest';
import { isOld } from './hold.ts';
import { play, type Stage } from './play.ts';
import { onlyReads, type Row } from './row.ts';

/** A way in which the registry is reached and set up. */
export interface Configuration {
  readonly title: string;
  /** `old`: reads of what registries from before OCI 1.1 take. */
  readonly rows: 'all' | 'reads' | 'old reads';
  readonly start: () => Promise<Stage & { close(): Promise<void> }>;
}

/** Plays every row that a configuration can show. */
export function conformance({ title, rows: kind, start }: Configuration, rows: readonly Row[]): void {
  describe(title, () => {
    let stage: Awaited<ReturnType<typeof start>> | undefined;
    beforeAll(async () => {
      stage = await start();
    });
    afterAll(async () => {
      await stage?.close();
    });
    const shown = rows.filter(
      (row) => fits(row, kind) && !Object.keys(row.notOn).some((each) => title.startsWith(each)),
    );
    for (const [heading, own] of Map.groupBy(shown, (row) => row.paragraph)) {
      describe(heading, () => {
        for (const row of own) {
          test(`${row.level} ${row.says}`, async () => {
            if (!stage) throw new Error('it did not start');
            await play(row, stage, rows.indexOf(row));
          });
        }
      });
    }
  });
}

function fits(row: Row, kind: Configuration['rows']): boolean {
  if (kind === 'all') return true;
  return (row.onReadOnly ?? onlyReads(row)) && (kind === 'reads' || isOld(row.holds));
}
