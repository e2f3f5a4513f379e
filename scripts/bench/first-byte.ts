import { setTimeout as sleep } from 'node:timers/promises';
import { imageName, type Contender } from './contender.ts';
import { curlCommand, type Ask } from './curl.ts';
import { run } from './program.ts';
import { sampleTag } from './sample-image.ts';

/** Longer than Dockgate and curl keep a connection on which nothing happens, in ms. */
const forgetting = 5_000;

/**
 * What a client has done before: `new` nothing, so that every connection is made, also Dockgate's own to the upstream;
 * `kept` it has asked for the manifest, as every client does, and the blob comes over the same connections.
 */
export type Connections = 'new' | 'kept';

/** Who is asked, and under which address. */
export type Asked = Pick<Contender, 'url' | 'authorization'> & Ask['registry'];

/** Pulls a blob and answers the seconds from the start of that request to its answer's first byte. */
export async function firstByte(asked: Asked, digest: string, connections: Connections): Promise<number> {
  const authorization = await asked.authorization('pull');
  if (connections === 'new') await sleep(forgetting);
  const of = (path: string): string[] => ['--output', '/dev/null', `${asked.url}/v2/${imageName}/${path}`];
  const out = await run(
    curlCommand({ registry: asked, authorization }, [
      ...['--write-out', '%{http_code} %{num_connects} %{time_starttransfer}\n'],
      ...(connections === 'kept' ? of(`manifests/${sampleTag}`) : []),
      ...of(`blobs/${digest}`),
    ]),
  );
  const [status = '', connects, seconds] = out.trim().split('\n').at(-1)?.split(' ') ?? [];
  if (status !== '200' || connects !== (connections === 'kept' ? '0' : '1'))
    throw new Error(`${asked.url}: pulling ${digest} over ${connections} connections gave\n${out}`);
  return Number(seconds);
}
