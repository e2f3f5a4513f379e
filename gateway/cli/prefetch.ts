import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { PrefetchEvent } from '../../registry/index.ts';
import { withConfigOptions, type ConfigOptions } from './config-options.ts';
import { Failure, inWords } from './failure.ts';
import { showProgress, type Progress } from './progress.ts';
import { askRunning } from './running.ts';
import { inBytes } from './units.ts';
import type { World } from './world.ts';

interface PrefetchOptions extends ConfigOptions {
  readonly platform?: readonly string[];
  readonly allPlatforms?: boolean;
  readonly json?: boolean;
}

/** `dockgate prefetch`: fetches images into the caches of a running gateway before anybody asks for them. */
export function prefetchCommand(world: World): Command {
  return withConfigOptions(new Command('prefetch'))
    .description('fetch images into the caches before anybody asks for them')
    .argument(
      '<image...>',
      'NAME, NAME:TAG or NAME@DIGEST; HOST/ in front says through which host it is read',
    )
    .option('--platform <os/arch>', 'platform to fetch; may be given several times (linux/amd64)', collect)
    .option('--all-platforms', 'fetch every platform')
    .option('--json', 'print what happens, one line of JSON each')
    .action((images: string[], options: PrefetchOptions) => inWords(() => prefetch(images, options, world)));
}

async function prefetch(images: string[], options: PrefetchOptions, world: World): Promise<void> {
  const { platform, allPlatforms } = options;
  if (allPlatforms && platform) throw new Failure('--platform and --all-platforms exclude each other', 2);
  const body = await askRunning(options, world, {
    method: 'POST',
    path: '/api/v1/prefetch',
    body: { images, allPlatforms, platforms: platform },
  });
  const progress = options.json ? undefined : await showProgress(world.stderr);
  const ended = new Map<string, boolean>();
  try {
    for await (const line of createInterface({ input: body })) {
      const event = JSON.parse(line) as PrefetchEvent;
      if (event.kind === 'done' || event.kind === 'failed') ended.set(event.image, event.kind === 'done');
      if (options.json) world.stdout.write(`${line}\n`);
      else show(event, progress, world);
    }
  } catch (cause) {
    throw new Failure('the gateway broke off; its log may say why', 1, cause);
  } finally {
    progress?.end();
  }
  const left = images.filter((image) => !ended.get(image));
  if (left.length > 0) throw new Failure(`not fetched: ${left.join(', ')}`);
}

function show(event: PrefetchEvent, progress: Progress | undefined, { stdout }: World): void {
  progress?.show(event);
  if (event.kind === 'done') {
    const held = event.held === 0 ? '' : `, ${event.held} more were here`;
    stdout.write(`${event.image}: fetched ${event.blobs} blobs, ${inBytes(event.bytes)}${held}\n`);
  } else if (event.kind === 'failed') stdout.write(`${event.image}: failed: ${event.reason}\n`);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
