import type http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { mediaTypes, schema1Types } from '../../../registry/model/index.ts';
import { readBlob, type BlobExpectation, type UpstreamBlob } from '../../../registry/upstream/blobs.ts';
import type { Client } from '../../../registry/upstream/client.ts';
import { becomesIdle, clientAt, get } from './client-at.ts';
import { failureOf, latest } from './outcome.ts';
import { blobDigest, digestOf, reply, name, startScripted, upstreamAt, type Script } from './scripted.ts';

const descriptor = (mediaType: string): object => ({ mediaType, digest: blobDigest, size: 2 });
const config = descriptor('application/vnd.oci.image.config.v1+json');
const image = { schemaVersion: 2, config, layers: [] };
const index = { schemaVersion: 2, manifests: [descriptor(mediaTypes.ociManifest)] };

const sending =
  (type: string | undefined, body: string): Script =>
  (_, response) => {
    reply(response, 200, type === undefined ? {} : { 'content-type': type }, body);
  };

describe('a manifest under another type', () => {
  test.each([
    ['application/json', image, mediaTypes.ociManifest],
    ['text/plain; charset=utf-8', image, mediaTypes.ociManifest],
    [
      'application/octet-stream',
      { ...image, mediaType: mediaTypes.dockerManifest },
      mediaTypes.dockerManifest,
    ],
    ['binary/octet-stream', index, mediaTypes.ociIndex],
    ['application/json', { ...index, mediaType: mediaTypes.dockerList }, mediaTypes.dockerList],
    [undefined, { ...index, mediaType: mediaTypes.ociIndex }, mediaTypes.ociIndex],
  ])('%s: it says itself what it is', async (type, body, mediaType) => {
    const text = JSON.stringify(body);
    const upstream = upstreamAt((await startScripted(sending(type, text))).url);
    const digest = digestOf(text);
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest, mediaType });
    expect(await upstream.getManifest(name, { digest })).toMatchObject({ digest, mediaType });
    const head = { digest: undefined, mediaType: '', size: text.length };
    expect(await upstream.headManifest(name, latest)).toEqual(head);
  });

  test.each([
    ['text/html', JSON.stringify(image)],
    ['application/xml', JSON.stringify(image)],
    ['application/json', '<html>log in</html>'],
    ['application/json', '{"errors":[{"code":"DENIED"}]}'],
    ['application/json', JSON.stringify({ ...image, ...index })],
    ['application/json', JSON.stringify({ ...image, mediaType: 'application/vnd.example+json' })],
    ['text/plain', ''],
  ])('%s with %j is a bad answer', async (type, body) => {
    const upstream = upstreamAt((await startScripted(sending(type, body))).url);
    const failure = await failureOf(upstream.getManifest(name, latest), 'bad-answer');
    expect(failure.message).toContain(`sent ${type}`);
  });

  test('schema 1 is known when it is taken, and refused when it is not', async () => {
    const body = JSON.stringify({ schemaVersion: 1, fsLayers: [{ blobSum: blobDigest }] });
    const { url } = await startScripted(sending('application/json', body));
    const got = await upstreamAt(url, { schema1: true }).getManifest(name, latest);
    expect(got).toMatchObject({ digest: digestOf(body), mediaType: schema1Types.plain });
    await failureOf(upstreamAt(url).getManifest(name, latest), 'bad-answer');
  });

  test('by digest, other bytes are refused whatever their type', async () => {
    const upstream = upstreamAt(
      (await startScripted(sending('application/json', JSON.stringify(image)))).url,
    );
    await failureOf(upstream.getManifest(name, { digest: digestOf('other') }), 'bad-answer');
  });
});

test.each(['listTags', 'getManifest', 'headManifest', 'headBlob', 'getBlob'] as const)(
  '%s: a web page with 200 is a bad answer',
  async (call) => {
    const server = await startScripted(sending('text/html; charset=utf-8', '<html>log in</html>'));
    const upstream = upstreamAt(server.url);
    const asking = {
      listTags: () => upstream.listTags(name),
      getManifest: () => upstream.getManifest(name, latest),
      headManifest: () => upstream.headManifest(name, latest),
      headBlob: () => upstream.headBlob(name, blobDigest),
      getBlob: () => upstream.getBlob(name, blobDigest, 0),
    }[call]();
    await failureOf(asking, 'bad-answer');
    await vi.waitFor(async () => {
      expect(await server.open()).toBeLessThanOrEqual(1);
    });
  },
);

const content = Buffer.from('0123456789');

/** Without a length, which means chunks. */
const chunked =
  (body: Buffer, headers: http.OutgoingHttpHeaders = {}): Script =>
  (_, response) => {
    response.writeHead(200, headers);
    response.write(body.subarray(0, 4));
    response.end(body.subarray(4));
  };

/** Never ends, and goes as fast as it is taken. */
const endless: Script = (_, response) => {
  const piece = Buffer.alloc(65_536, 'x');
  const more = (): void => {
    for (let sent = 0; sent < 100 && !response.destroyed; sent += 1) if (!response.write(piece)) return;
  };
  response.on('drain', more);
  more();
};

interface Asked {
  readonly client: Client;
  readonly blob: UpstreamBlob;
}

async function ask(script: Script, expected?: BlobExpectation, from = 0): Promise<Asked> {
  const server = await startScripted(script);
  const client = clientAt(server.url);
  const answer = await client.send(get(server.url, { bulk: true }), name);
  return { client, blob: readBlob('hub', answer, digestOf(content), from, expected) };
}

/** What comes of a body until it ends or breaks. */
async function received({ body }: UpstreamBlob): Promise<{ bytes: Buffer; fault: unknown }> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece);
    return { bytes: Buffer.concat(pieces), fault: undefined };
  } catch (fault) {
    return { bytes: Buffer.concat(pieces), fault };
  }
}

describe('a blob without a length', () => {
  test('comes as it is; the expected size is its size', async () => {
    const unknown = await ask(chunked(content));
    expect(unknown.blob).toMatchObject({ from: 0, size: undefined });
    expect(await buffer(unknown.blob.body)).toEqual(content);
    const known = await ask(chunked(content), { size: 10, most: 10 });
    expect(known.blob).toMatchObject({ from: 0, size: 10 });
    expect(await buffer(known.blob.body)).toEqual(content);
    await becomesIdle(known.client);
  });

  test.each([
    [{ size: 9 }, 'more than 9 bytes'],
    [{ most: 9 }, 'more than 9 bytes'],
    [{ size: 9, most: 100 }, 'more than 9 bytes'],
  ])('%j: not a byte more is handed on', async (expected, says) => {
    const { client, blob } = await ask(chunked(content), expected);
    const { bytes, fault } = await received(blob);
    expect(bytes.length).toBeLessThanOrEqual(9);
    expect(fault).toMatchObject({ kind: 'bad-answer', message: expect.stringContaining(says) as string });
    await becomesIdle(client);
  });

  test('that ends too early breaks off, and may be resumed', async () => {
    const { blob } = await ask(chunked(content), { size: 11 });
    const { fault } = await received(blob);
    expect(fault).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('10 of 11') as string,
    });
  });

  test.each([[{ size: 1_000_000 }], [{ most: 1_000_000 }]])(
    'that never ends is cut, and its connection too: %j',
    async (expected) => {
      const server = await startScripted(endless);
      const client = clientAt(server.url);
      const answer = await client.send(get(server.url, { bulk: true }), name);
      const { bytes, fault } = await received(readBlob('hub', answer, blobDigest, 0, expected));
      expect(bytes.length).toBeLessThanOrEqual(1_000_000);
      expect(fault).toMatchObject({ kind: 'bad-answer' });
      await becomesIdle(client);
      await vi.waitFor(async () => {
        expect(await server.open()).toBe(0);
      });
    },
  );
});

describe('a blob with a wrong length', () => {
  const whole: Script = (_, response) => {
    reply(response, 200, {}, content);
  };

  test.each([
    [{ size: 9 }, '10 bytes of a blob of 9'],
    [{ size: 11 }, '10 bytes of a blob of 11'],
    [{ most: 9 }, 'more than the 9'],
  ])('%j is refused before its first byte', async (expected, says) => {
    const failure = await failureOf(ask(whole, expected), 'bad-answer');
    expect(failure.message).toContain(says);
  });

  test('that promises more than it sends breaks off', async () => {
    const { blob } = await ask((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write(content.subarray(0, 6), () => response.destroy());
    });
    expect(blob.size).toBe(10);
    expect((await received(blob)).fault).toMatchObject({ kind: 'unreachable' });
  });

  test('that promises less than it sends ends there', async () => {
    const { blob } = await ask((request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n${content.toString()}`);
    });
    expect(blob.size).toBe(4);
    expect((await received(blob)).bytes.toString()).toBe('0123');
  });
});

describe('a part of a blob', () => {
  const part =
    (range: string, body: string): Script =>
    (_, response) => {
      response.writeHead(206, { 'content-range': range });
      response.end(body);
    };

  test('has as many bytes as it announces, and none more', async () => {
    const good = await ask(part('bytes 4-9/10', '456789'), { size: 10 }, 4);
    expect(good.blob).toMatchObject({ from: 4, size: 10 });
    expect((await received(good.blob)).bytes.toString()).toBe('456789');
    const long = await ask(part('bytes 4-9/10', '456789abc'), {}, 4);
    const { bytes, fault } = await received(long.blob);
    expect([bytes.length <= 6, fault]).toEqual([true, expect.objectContaining({ kind: 'bad-answer' })]);
    const short = await ask(part('bytes 4-9/10', '4567'), {}, 4);
    expect((await received(short.blob)).fault).toMatchObject({ kind: 'unreachable' });
  });

  test('of unknown size ends where it is expected to', async () => {
    const { blob } = await ask(part('bytes 4-7/*', '4567'), { most: 10 }, 4);
    expect(blob.size).toBeUndefined();
    expect((await received(blob)).bytes.toString()).toBe('4567');
    const { blob: tooLong } = await ask(part('bytes 4-7/*', '4567'), { most: 6 }, 4);
    expect((await received(tooLong)).fault).toMatchObject({ kind: 'bad-answer' });
  });

  test.each(['bytes 4-10/10', 'bytes 4-3/10', 'bytes 4-9/12'])('%j is refused', async (range) => {
    await failureOf(ask(part(range, '456789'), { size: 10 }, 4), 'bad-answer');
  });
});
