import { imageName, type Contender } from './contender.ts';
import { curlCommand } from './curl.ts';
import { run } from './program.ts';

/** Pulls one blob by so many clients at once, each on a connection of its own; throws unless each has got all of it. */
export async function pullByMany(
  contender: Contender,
  clients: number,
  { digest, size }: { readonly digest: string; readonly size: number },
): Promise<void> {
  const authorization = await contender.authorization('pull');
  const out = await run(
    curlCommand({ registry: contender, authorization }, [
      ...['--parallel', '--parallel-immediate', '--parallel-max', String(clients)],
      ...['--output', '/dev/null', '--write-out', '%{http_code} %{size_download}\n'],
      // curl makes so many addresses of it; the query says nothing to a registry.
      `${contender.url}/v2/${imageName}/blobs/${digest}?client=[1-${clients}]`,
    ]),
  );
  const whole = out.split('\n').filter((line) => line === `200 ${size}`).length;
  if (whole !== clients) throw new Error(`only ${whole} of ${clients} clients got the blob:\n${out}`);
}
