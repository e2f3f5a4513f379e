import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import type { Check } from '../check.ts';
import { error, ok, Trouble } from '../finding.ts';
import { UploadSession } from '../upload-session.ts';

const mebibyte = 1024 * 1024;

/** Whether a large chunk gets through; its bytes are dropped afterwards. */
export const uploadSizeCheck: Check = {
  name: 'upload-size',
  needs: ['challenge', 'login', 'upload'],
  limit: 180_000,
  async run(visit) {
    const session = await UploadSession.open(visit);
    const begun = performance.now();
    let sent = 0;
    const count = (bytes: number): void => void (sent += bytes);
    const size = Math.round(visit.largeSize / mebibyte);
    try {
      await session.append(Readable.from(pieces(visit.largeSize, count), { objectMode: false }));
    } catch (fault) {
      if (visit.signal.aborted) throw fault;
      if (fault instanceof Trouble) return [error(`${fault.message}, a chunk of ${size} MiB`, fault.advice)];
      return [
        error(
          `the connection broke after ${Math.round(sent / mebibyte)} of ${size} MiB (${String(fault)})`,
          'a limit of size or time cuts it: nginx needs client_max_body_size 0, and client_body_timeout and proxy_send_timeout of an hour',
        ),
      ];
    }
    const seconds = (performance.now() - begun) / 1000;
    await session.cancel();
    return [ok(`a chunk of ${size} MiB gets through, ${(size / seconds).toFixed(1)} MiB/s`)];
  },
};

/** Random, so that nothing on the way can compress it; one random piece over and over, since making more costs time. */
function* pieces(size: number, onPiece: (bytes: number) => void): Generator<Buffer> {
  const piece = randomBytes(64 * 1024);
  for (let left = size; left > 0; left -= piece.length) {
    onPiece(Math.min(left, piece.length));
    yield piece.subarray(0, left);
  }
}
