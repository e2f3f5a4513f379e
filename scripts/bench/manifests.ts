import type { Image } from '../../tests/support/image.ts';
import { imageName, type Contender } from './contender.ts';
import { onCore } from './cores.ts';
import { run } from './program.ts';
import { sampleTag } from './sample-image.ts';

/** As many as a rack of machines that all start the same image keeps open. */
const connections = 32;

/** How the load is made. */
export interface Load {
  readonly image: Image;
  readonly seconds: number;
  /** The core that the load generator has for itself. */
  readonly core: number;
}

/** Asks for the manifest by tag over kept-alive connections as fast as they are answered; answers how many there were. */
export async function askManifests(
  contender: Contender,
  load: Load,
  authorization?: string,
): Promise<number> {
  const login = authorization === undefined ? [] : ['--header', `Authorization: ${authorization}`];
  const url = `${contender.url}/v2/${imageName}/manifests/${sampleTag}`;
  const out = await run(
    onCore(load.core, [
      ...['wrk', '--threads', '1', '--connections', String(connections), '--duration', `${load.seconds}s`],
      ...['--header', `Accept: ${load.image.manifest.mediaType}`, ...login, url],
    ]),
    { timeout: (load.seconds + 30) * 1000 },
  );
  const count = Number(/(\d+) requests in/.exec(out)?.[1]);
  if (!(count > 0) || /Non-2xx|Socket errors/.test(out)) throw new Error(`${url} under load:\n${out}`);
  return count;
}
