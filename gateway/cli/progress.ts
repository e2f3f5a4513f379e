import type { PrefetchEvent } from '../../registry/index.ts';
import { inBytes } from './units.ts';
import type { World } from './world.ts';

/** A bar on a terminal that shows how far an image is. */
export interface Progress {
  show(event: PrefetchEvent): void;
  /** Takes the bar away. */
  end(): void;
}

/** A bar on `stream`; undefined when it is no terminal. */
export async function showProgress(stream: World['stderr']): Promise<Progress | undefined> {
  if (!stream.isTTY) return undefined;
  // Loaded only here: no other command has to wait for it.
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    stream: stream,
    format: '{image} [{bar}] {percentage}% {fetched} of {known}',
    clearOnComplete: true,
  });
  const sizes = new Map<string, { bytes: number; size: number }>();
  let image: string | undefined;

  const draw = (): void => {
    const total = [...sizes.values()].reduce((sum, { size }) => sum + size, 0);
    const done = [...sizes.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    bar.setTotal(Math.max(total, 1));
    bar.update(done, { image, fetched: inBytes(done), known: inBytes(total) });
  };
  return {
    show(event) {
      if (event.kind === 'done' || event.kind === 'failed') {
        bar.stop();
        image = undefined;
        return;
      }
      if (event.kind === 'skipped') return;
      if (event.image !== image) {
        sizes.clear();
        image = event.image;
        bar.start(1, 0, { image, fetched: '', known: '' });
      }
      const { digest, size } = event;
      sizes.set(digest, { bytes: event.kind === 'progress' ? event.bytes : size, size });
      draw();
    },
    end() {
      bar.stop();
    },
  };
}
