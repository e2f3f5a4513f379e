import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { failureOf, latest } from './outcome.ts';
import { blob, blobDigest, goodRegistry, manifestDigest, name, reply } from './scripted.ts';
import { startScripted, upstreamAt, type Script } from './scripted.ts';

const account = { username: 'mallory', password: 'hunter2' };

/** Asks for Basic, and sends whoever brings it to `target`. */
function guarded(status: number, target: (path: string) => string): Script {
  return (request, response) => {
    if (request.headers.authorization === undefined)
      reply(response, 401, { 'www-authenticate': 'Basic realm="x"' });
    else reply(response, status, { location: target(request.url ?? '') });
  };
}

test.each([301, 302, 303, 307, 308])(
  '%d to another host goes without Authorization, with Range',
  async (status) => {
    const cdn = await startScripted(goodRegistry);
    const server = await startScripted(guarded(status, () => `${cdn.url}/data?signature=secret`));
    const got = await upstreamAt(server.url, account).getBlob(name, blobDigest, 1000);
    expect(got?.from).toBe(1000);
    expect(got && (await buffer(got.body))).toEqual(blob.subarray(1000));
    expect(cdn.seen).toHaveLength(1);
    expect(cdn.seen[0]?.url).toBe('/data?signature=secret');
    expect(cdn.seen[0]?.headers).toMatchObject({ range: 'bytes=1000-' });
    expect(cdn.seen[0]?.headers).not.toHaveProperty('authorization');
  },
);

test('a redirect on the same host keeps Authorization', async () => {
  const server = await startScripted((request, response) => {
    if (request.url?.startsWith('/moved')) goodRegistry(request, response);
    else guarded(307, (path) => `/moved${path}`)(request, response);
  });
  const got = await upstreamAt(server.url, account).getManifest(name, latest);
  expect(got?.digest).toBe(manifestDigest);
  expect(server.seen.at(-1)?.headers.authorization).toMatch(/^Basic /);
});

test('Authorization that was dropped does not come back with a second redirect', async () => {
  const hosts: string[] = [];
  const server = await startScripted((request, response) => {
    if (request.url?.startsWith('/back')) goodRegistry(request, response);
    else guarded(307, () => hosts[1] ?? '')(request, response);
  });
  const middle = await startScripted((_, response) => {
    reply(response, 307, { location: `${hosts[0] ?? ''}/back/blobs/x` });
  });
  hosts.push(server.url, middle.url);
  expect(await upstreamAt(server.url, account).headBlob(name, blobDigest)).toBeDefined();
  expect(server.seen.at(-1)?.url).toBe('/back/blobs/x');
  expect(server.seen.at(-1)?.headers).not.toHaveProperty('authorization');
});

test('credentials in the address of a redirect are not used', async () => {
  const cdn = await startScripted(goodRegistry);
  const target = cdn.url.replace('http://', 'http://eve:word@');
  const server = await startScripted(guarded(307, () => target));
  await upstreamAt(server.url, account).headBlob(name, blobDigest);
  expect(cdn.seen[0]?.headers).not.toHaveProperty('authorization');
});

test('a host that we were redirected to cannot ask for the credentials', async () => {
  const realm = await startScripted((_, response) => {
    reply(response, 200, {}, '{"token":"t"}');
  });
  const cdn = await startScripted((_, response) => {
    reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
  });
  const server = await startScripted(guarded(307, () => `${cdn.url}/data`));
  await failureOf(upstreamAt(server.url, account).headBlob(name, blobDigest), 'unauthorized');
  expect(realm.seen).toHaveLength(0);
});

test('the failure of a CDN names its host and not its address', async () => {
  const cdn = await startScripted((_, response) => {
    reply(response, 500);
  });
  const server = await startScripted(guarded(307, () => `${cdn.url}/data?signature=secret`));
  const failure = await failureOf(upstreamAt(server.url, account).headBlob(name, blobDigest), 'server-error');
  expect(failure.message).toContain(new URL(cdn.url).host);
  expect(failure.message).not.toContain('secret');
});

test('five redirects are followed, six are not', async () => {
  const server = await startScripted((request, response) => {
    const left = Number(/(\d)$/.exec(request.url ?? '')?.[1]);
    if (left === 0) goodRegistry(request, response);
    else reply(response, 307, { location: `/manifests/${left - 1}` });
  });
  const upstream = upstreamAt(server.url);
  const five = { tag: '5' } as typeof latest;
  const six = { tag: '6' } as typeof latest;
  expect(await upstream.getManifest(name, five)).toBeDefined();
  await failureOf(upstream.getManifest(name, six), 'bad-answer');
});
