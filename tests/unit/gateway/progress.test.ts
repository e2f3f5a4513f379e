import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { showProgress } from '../../../gateway/cli/progress.ts';
import { parseDigest } from '../../../registry/model/index.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const other = parseDigest(`sha256:${'b'.repeat(64)}`);

test('on a terminal a bar per image shows what is known of it', async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  const progress = await showProgress(terminal);
  const shown = (): string => String(terminal.read() ?? '');

  progress?.show({ image: 'x:1', kind: 'manifest', digest, size: 1024, held: false });
  expect(shown()).toMatch(/x:1 \[/);
  progress?.show({ image: 'x:1', kind: 'progress', digest: other, bytes: 512, size: 3 * 1024 });
  progress?.show({ image: 'x:1', kind: 'skipped', digest: other, reason: 'elsewhere' });
  progress?.show({ image: 'x:1', kind: 'done', blobs: 1, bytes: 512, held: 0 });
  expect(shown()).toContain('1.5 KiB of 4.0 KiB');

  progress?.show({ image: 'y:1', kind: 'manifest', digest, size: 10, held: true });
  progress?.show({ image: 'y:1', kind: 'failed', reason: 'gone' });
  expect(shown()).toMatch(/y:1 \[.*10 B of 10 B/);
  progress?.end();
});

test('elsewhere there is none', async () => {
  expect(await showProgress(new PassThrough())).toBeUndefined();
});
