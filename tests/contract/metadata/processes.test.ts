import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Metadata } from '../../../registry/metadata/index.ts';
import { at, imageOf, tags } from './content.ts';
import { eachMetadata, type TestStore } from './stores.ts';

const PROGRAM = fileURLToPath(new URL('contender.ts', import.meta.url));
const all = { size: undefined, last: undefined };

interface Contender {
  readonly child: ChildProcess;
  /** What it has said so far, but for 'ready'. */
  readonly lines: readonly string[];
  /** Lets it go. */
  go(): void;
  /** Fulfils with its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a process that waits for its sign; killed after the test if it is still there. */
async function contender(store: TestStore, location: string, job: string, who: string): Promise<Contender> {
  const child = spawn(process.execPath, [PROGRAM, store.title, location, job, who], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  const ready = once(output, 'line');
  await ready;
  output.on('line', (line) => lines.push(line));
  return { child, lines, ended, go: () => void child.stdin.end('go\n') };
}

/** Everything that was acknowledged is there, whole. */
async function expectWritten({ images }: Metadata, who: string, count: number): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    const { digest } = imageOf(`${who} ${each}`, [`layer ${each}`]);
    const [tag] = tags(`t${each}`);
    const held = tag && (await images.findManifest(at('hosted', who), { tag }));
    if (held?.digest !== digest) throw new Error(`${who} lost write ${each} of ${count}`);
    expect(await images.findBlob(at('hosted', who), digest)).toMatchObject({ size: each });
  }
}

eachMetadata('processes', (store) => {
  test('that start on an empty folder at once agree on the first key', async () => {
    for (let round = 0; round < 5; round += 1) {
      const location = `${store.location()}-${round}`;
      const ids = ['a', 'b', 'c'];
      const all = await Promise.all(ids.map((id) => contender(store, location, 'addFirstKey', id)));
      for (const each of all) each.go();
      expect(await Promise.all(all.map((each) => each.ended))).toEqual([0, 0, 0]);
      const [first] = all[0]?.lines ?? [];
      expect(ids).toContain(first);
      expect(all.map((each) => each.lines)).toEqual(all.map(() => [first]));
    }
  });

  test('that set a tag at once, which may be set once, do not both win', async () => {
    const ids = ['a', 'b', 'c'];
    const all = await Promise.all(ids.map((id) => contender(store, store.location(), 'setTagOnce', id)));
    for (const each of all) each.go();
    expect(await Promise.all(all.map((each) => each.ended))).toEqual([0, 0, 0]);
    expect(all.flatMap((each) => each.lines).sort()).toEqual(['immutable', 'immutable', 'stored']);
  });

  test('that write 1,000 images each at once lose none', async () => {
    const both = await Promise.all(
      ['one', 'two'].map((who) => contender(store, store.location(), 'write1000', who)),
    );
    for (const each of both) each.go();
    expect(await Promise.all(both.map((each) => each.ended))).toEqual([0, 0]);
    for (const who of ['one', 'two']) {
      await expectWritten(store.metadata(), who, 1000);
      const page = await store.metadata().images.listTags(at('hosted', who), all);
      expect(page?.entries).toHaveLength(1001);
    }
  }, 120_000);

  test('that are killed while they write leave what they acknowledged, and the store usable', async () => {
    for (let round = 0; round < 3; round += 1) {
      const who = `victim${round}`;
      const victim = await contender(store, store.location(), 'writeUntilKilled', who);
      victim.go();
      while (victim.lines.length < 20 * (round + 1) && victim.child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      victim.child.kill('SIGKILL');
      expect(await victim.ended).toBeNull();
      const reopened = await store.openAgain();
      expect(victim.lines.length).toBeGreaterThanOrEqual(20);
      await expectWritten(reopened, who, victim.lines.length);
      // At most one write was on its way: a manifest with its tag, or nothing.
      const page = await reopened.images.listTags(at('hosted', who), all);
      expect(page?.entries.length).toBeLessThanOrEqual(victim.lines.length + 2);
      await reopened.images.linkBlob(at('hosted'), { digest: imageOf(who).digest, size: 1 });
    }
  });

  test('see each other at once', async () => {
    const other = await store.openAgain();
    for (let size = 0; size < 50; size += 1) {
      const { digest } = imageOf(`blob ${size}`);
      await store.metadata().images.linkBlob(at('hosted'), { digest, size });
      expect(await other.images.findBlob(at('hosted'), digest)).toMatchObject({ size });
    }
  });
});
