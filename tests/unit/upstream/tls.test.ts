import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { failureOf, latest } from './outcome.ts';
import { goodRegistry, manifestDigest, name, reply, startScripted, upstreamAt } from './scripted.ts';
import type { Script, Scripted } from './scripted.ts';

describeWith(['openssl'], 'an upstream with TLS', () => {
  let place: Place;
  let authority: Authority;

  beforeAll(async () => {
    place = await createLoopback();
    authority = await createAuthority(place);
  });
  afterAll(async () => {
    await place.close();
  });

  const secure = async (script: Script, host = '127.0.0.1'): Promise<Scripted> => {
    const pair = await authority.issue(host);
    return await startScripted(script, {
      cert: await readFile(pair.cert, 'utf8'),
      key: await readFile(pair.key, 'utf8'),
    });
  };

  test('its own CA is believed', async () => {
    const server = await secure(goodRegistry);
    const upstream = upstreamAt(server.url, { ca: authority.ca });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
  });

  test('without its CA the certificate is refused before anything is sent', async () => {
    const server = await secure(goodRegistry);
    const failure = await failureOf(upstreamAt(server.url).getManifest(name, latest), 'tls');
    expect(failure.message).toContain('"ca"');
    expect(server.seen).toHaveLength(0);
  });

  test('a certificate for another host is refused', async () => {
    const server = await secure(goodRegistry, 'elsewhere.test');
    await failureOf(upstreamAt(server.url, { ca: authority.ca }).getManifest(name, latest), 'tls');
  });

  test('a server without TLS on the port is a TLS failure', async () => {
    const server = await startScripted(goodRegistry);
    await failureOf(upstreamAt(server.url.replace('http', 'https')).getManifest(name, latest), 'tls');
  });

  test('a redirect to a host without TLS is not followed', async () => {
    const cdn = await startScripted(goodRegistry);
    const server = await secure((_, response) => {
      reply(response, 307, { location: `${cdn.url}/data?signature=secret` });
    });
    const upstream = upstreamAt(server.url, { ca: authority.ca });
    const failure = await failureOf(upstream.getManifest(name, latest), 'bad-answer');
    expect(failure.message).toContain('without TLS');
    expect(failure.message).not.toContain('secret');
    expect(cdn.seen).toHaveLength(0);
  });

  const clearRealm = async (): Promise<{ realm: Scripted; url: string }> => {
    const realm = await startScripted((_, response) => {
      reply(response, 200, {}, '{"token":"good"}');
    });
    const server = await secure((request, response) => {
      if (request.headers.authorization === 'Bearer good') goodRegistry(request, response);
      else reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
    });
    return { realm, url: server.url };
  };

  test('the password is not sent to a realm without TLS', async () => {
    const { realm, url } = await clearRealm();
    const account = { username: 'mallory', password: 'hunter2' };
    const upstream = upstreamAt(url, { ca: authority.ca, ...account });
    await failureOf(upstream.getManifest(name, latest), 'bad-answer');
    expect(realm.seen).toHaveLength(0);
  });

  test('an anonymous token may come from a realm without TLS', async () => {
    const { url } = await clearRealm();
    const upstream = upstreamAt(url, { ca: authority.ca });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
  });

  test('an http upstream may name a realm with TLS under the same CA, and the password goes there', async () => {
    const realm = await secure((_, response) => {
      reply(response, 200, {}, '{"token":"good"}');
    });
    const server = await startScripted((request, response) => {
      if (request.headers.authorization === 'Bearer good') goodRegistry(request, response);
      else reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
    });
    const account = { username: 'mallory', password: 'hunter2' };
    const upstream = upstreamAt(server.url, { ca: authority.ca, ...account });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
    expect(realm.seen[0]?.headers.authorization).toMatch(/^Basic /);
  });
});
