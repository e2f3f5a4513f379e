import { open } from 'node:fs/promises';
import { imageName, type Contender } from './contender.ts';
import { curl, type Ask } from './curl.ts';
import type { RandomFile } from './random-file.ts';

const octets = ['--header', 'Content-Type: application/octet-stream'];

/** Pushes a blob as docker does: POST, PATCH in chunks without a length, PUT with the digest. */
export async function push(
  contender: Contender,
  { path, digest }: RandomFile,
  authorization?: string,
): Promise<void> {
  const { url } = contender;
  const send = async (ask: Omit<Ask, 'registry' | 'authorization'>): Promise<URL> => {
    const { location } = await curl({ registry: contender, authorization, ...ask });
    return new URL(location, url);
  };
  const session = await send({
    url: `${url}/v2/${imageName}/blobs/uploads/`,
    expect: 202,
    args: ['--request', 'POST', '--header', 'Content-Length: 0'],
  });
  const file = await open(path, 'r');
  try {
    const last = await send({
      url: session.href,
      expect: 202,
      // docker asks for no "100 Continue", so curl must not either.
      args: ['--request', 'PATCH', '--upload-file', '-', '--header', 'Expect:', ...octets],
      stdin: file.fd,
    });
    last.searchParams.set('digest', digest);
    await send({ url: last.href, expect: 201, args: ['--request', 'PUT', '--header', 'Content-Length: 0'] });
  } finally {
    await file.close();
  }
}
