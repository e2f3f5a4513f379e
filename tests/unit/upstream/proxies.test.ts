import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { startForwardProxy, type ForwardProxy } from './forward-proxy.ts';
import { failureOf, latest } from './outcome.ts';
import { blob, blobDigest, goodRegistry, manifestDigest, name, reply } from './scripted.ts';
import { startScripted, upstreamAt, type Scripted } from './scripted.ts';

/** The proxy's address with a login that has letters which an address must escape. */
function withLogin({ url }: ForwardProxy): URL {
  const address = new URL(url);
  address.username = 'us:er';
  address.password = 'p@ss';
  return address;
}

describe('an http upstream behind a proxy', () => {
  test('is asked through it, by its whole address', async () => {
    const proxy = await startForwardProxy();
    const server = await startScripted(goodRegistry);
    const upstream = upstreamAt(server.url, { outbound: { httpProxy: withLogin(proxy) } });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
    expect(proxy.asked).toEqual([`GET ${server.url}/v2/library/nginx/manifests/latest`]);
    expect(proxy.logins).toEqual([`Basic ${Buffer.from('us:er:p@ss').toString('base64')}`]);
    expect(server.seen[0]?.headers.host).toBe(new URL(server.url).host);
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('is asked directly when noProxy names it, whomever it redirects to', async () => {
    const proxy = await startForwardProxy();
    const cdn = await startScripted(goodRegistry);
    const server = await startScripted((_, response) => {
      reply(response, 307, { location: `${cdn.url}/blobs/x` });
    });
    const { host } = new URL(server.url);
    const upstream = upstreamAt(server.url, { outbound: { httpProxy: proxy.url, noProxy: host } });
    const got = await upstream.getBlob(name, blobDigest, 0);
    expect(got && (await buffer(got.body))).toEqual(blob);
    expect(proxy.asked).toEqual([`GET ${cdn.url}/blobs/x`]);
  });

  test('a proxy that wants a login says so', async () => {
    const proxy = await startForwardProxy({ refuse: 407 });
    const upstream = upstreamAt('http://127.0.0.1:9', { outbound: { httpProxy: proxy.url } });
    const failure = await failureOf(upstream.getManifest(name, latest), 'unreachable');
    expect(failure.message).toContain(`the proxy ${proxy.url.host} `);
    expect(failure.message).toContain('username and password');
  });

  test('a proxy that says nothing is a timeout', async () => {
    const proxy = await startForwardProxy({ silent: true });
    const settings = { outbound: { httpProxy: proxy.url }, headersTimeout: 200 };
    const upstream = upstreamAt('http://127.0.0.1:9', settings);
    const failure = await failureOf(upstream.getManifest(name, latest), 'timeout');
    expect(failure.message).toMatch(/127\.0\.0\.1:9\b/);
    await vi.waitFor(() => {
      expect(proxy.open()).toBe(0);
    });
  });
});

describeWith(['openssl'], 'an https upstream behind a proxy', () => {
  let place: Place;
  let authority: Authority;
  let tls: { cert: string; key: string };
  beforeAll(async () => {
    place = await createLoopback();
    authority = await createAuthority(place);
    const pair = await authority.issue('127.0.0.1');
    tls = { cert: await readFile(pair.cert, 'utf8'), key: await readFile(pair.key, 'utf8') };
  });
  afterAll(async () => {
    await place.close();
  });

  const secure = (): Promise<Scripted> => startScripted(goodRegistry, tls);

  test.each([false, true])('is asked through a tunnel; the proxy itself speaks TLS: %s', async (isSecure) => {
    const proxy = await startForwardProxy(isSecure ? { tls } : {});
    const server = await secure();
    const outbound = { httpsProxy: withLogin(proxy) };
    const upstream = upstreamAt(server.url, { ca: authority.ca, outbound });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
    const got = await upstream.getBlob(name, blobDigest, 0);
    expect(got && (await buffer(got.body))).toEqual(blob);
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(server.url).host}`]));
    expect(proxy.logins[0]).toBe(`Basic ${Buffer.from('us:er:p@ss').toString('base64')}`);
    expect(server.seen[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  test('its certificate is verified, not the proxy believed', async () => {
    const proxy = await startForwardProxy();
    const server = await secure();
    const upstream = upstreamAt(server.url, { outbound: { httpsProxy: proxy.url } });
    const failure = await failureOf(upstream.getManifest(name, latest), 'tls');
    expect(failure.message).toContain(`asked through the proxy ${proxy.url.host}`);
    expect(proxy.asked).toHaveLength(1);
    expect(server.seen).toHaveLength(0);
  });

  test.each([
    [407, 'username and password'],
    [403, 'does not allow it'],
    [502, 'did not get through'],
    [302, 'did not get through'],
  ])('a proxy that refuses with %d is named, with what to do', async (refuse, says) => {
    const proxy = await startForwardProxy({ refuse });
    const outbound = { httpsProxy: withLogin(proxy) };
    const upstream = upstreamAt('https://registry.test', { outbound });
    const failure = await failureOf(upstream.getManifest(name, latest), 'unreachable');
    expect(failure.message).toMatch(`hub: the proxy ${proxy.url.host} was asked for registry.test and `);
    expect(failure.message).toContain(says);
    expect(failure.message).toContain(`HTTP ${refuse}`);
    expect(failure.message).not.toMatch(/p@ss|p%40ss|us:er|us%3Aer/);
    await vi.waitFor(() => {
      expect(proxy.open()).toBe(0);
    });
  });

  test('a proxy that cannot reach the upstream', async () => {
    const proxy = await startForwardProxy();
    const upstream = upstreamAt('https://127.0.0.1:9', { outbound: { httpsProxy: proxy.url } });
    const failure = await failureOf(upstream.getManifest(name, latest), 'unreachable');
    expect(failure.message).toContain('HTTP 502');
  });

  test('a proxy where nobody listens', async () => {
    const outbound = { httpsProxy: new URL('http://127.0.0.1:9'), httpProxy: new URL('http://127.0.0.1:9') };
    for (const url of ['https://registry.test', 'http://registry.test']) {
      const asking = upstreamAt(url, { outbound }).getManifest(name, latest);
      const failure = await failureOf(asking, 'unreachable');
      expect(failure.message).toContain('the proxy 127.0.0.1:9 could not be reached');
      expect(failure.message).toContain('ECONNREFUSED');
    }
  });

  test('a proxy whose name does not exist', async () => {
    const outbound = { httpsProxy: new URL('http://proxy.invalid:3128') };
    const asking = upstreamAt('https://registry.test', { outbound }).getManifest(name, latest);
    const failure = await failureOf(asking, 'unreachable');
    expect(failure.message).toContain('the proxy proxy.invalid:3128 could not be reached');
  });

  test('a proxy that says nothing is given up, and its connection with it', async () => {
    const proxy = await startForwardProxy({ silent: true });
    const settings = { outbound: { httpsProxy: proxy.url }, connectTimeout: 200 };
    const upstream = upstreamAt('https://registry.test', settings);
    const failure = await failureOf(upstream.getManifest(name, latest), 'timeout');
    expect(failure.message).toContain(`the proxy ${proxy.url.host}`);
    await vi.waitFor(() => {
      expect(proxy.open()).toBe(0);
    });
  });

  test('a tunnel that is cut is a broken connection', async () => {
    const proxy = await startForwardProxy();
    const server = await startScripted((request) => request.socket.destroy(), tls);
    const settings = { ca: authority.ca, outbound: { httpsProxy: proxy.url } };
    await failureOf(upstreamAt(server.url, settings).getManifest(name, latest), 'unreachable');
    expect(server.seen).toHaveLength(2);
  });
});
