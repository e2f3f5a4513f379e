import { imageName, type Contender } from './contender.ts';
import { curl } from './curl.ts';
import type { RandomFile } from './random-file.ts';

/** Pulls a blob and throws it away. */
export async function pull(
  contender: Contender,
  { digest }: RandomFile,
  authorization?: string,
): Promise<void> {
  await curl({
    registry: contender,
    url: `${contender.url}/v2/${imageName}/blobs/${digest}`,
    expect: 200,
    authorization,
    args: ['--output', '/dev/null'],
  });
}
