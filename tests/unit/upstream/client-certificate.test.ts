import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { opensslSelfSigned } from '../../support/openssl.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { startForwardProxy } from './forward-proxy.ts';
import { failureOf, latest } from './outcome.ts';
import { goodRegistry, manifestDigest, name, reply, startScripted, upstreamAt } from './scripted.ts';
import type { Script, Scripted } from './scripted.ts';

const program = 'openssl';

/** The common name of the certificate that a request's sender has shown; undefined without one. */
function shownBy({ socket }: http.IncomingMessage): string | undefined {
  const names = socket instanceof TLSSocket ? socket.getPeerCertificate().subject : undefined;
  return names?.CN as string | undefined;
}

describeWith([program], 'a client certificate', () => {
  let place: Place;
  let authority: Authority;
  let server: { cert: string; key: string };
  let clientCertificate: { cert: string; key: string };
  beforeAll(async () => {
    place = await createLoopback();
    authority = await createAuthority(place);
    const pair = await authority.issue('127.0.0.1');
    server = { cert: await readFile(pair.cert, 'utf8'), key: await readFile(pair.key, 'utf8') };
    clientCertificate = selfSigned('robot');
  });
  afterAll(async () => {
    await place.close();
  });

  /** Asks for a certificate, and with `demand` takes nobody without the right one. */
  const asking = (script: Script, demand = true): Promise<Scripted> =>
    startScripted(script, {
      ...server,
      requestCert: true,
      rejectUnauthorized: demand,
      ca: clientCertificate.cert,
    });

  test('is shown to an upstream that asks for one', async () => {
    const registry = await asking(goodRegistry);
    const upstream = upstreamAt(registry.url, { ca: authority.ca, clientCertificate });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
    expect(registry.seen.map(shownBy)).toEqual(['robot']);
  });

  test('is shown through the tunnel of a proxy too, and not to the proxy', async () => {
    const shown: unknown[] = [];
    const tls = { ...server, requestCert: true, rejectUnauthorized: false };
    const proxy = await startForwardProxy({
      tls,
      onSecure: (socket) => shown.push(socket.getPeerCertificate()),
    });
    const registry = await asking(goodRegistry);
    const outbound = { httpsProxy: proxy.url };
    const upstream = upstreamAt(registry.url, { ca: authority.ca, clientCertificate, outbound });
    await upstream.getManifest(name, latest);
    expect(registry.seen.map(shownBy)).toEqual(['robot']);
    expect(shown).toEqual([{}]);
  });

  test.each(['none', 'one that it does not know'])('a server that gets %s refuses us', async (which) => {
    const wanting = await startOpenssl(server);
    const given = which === 'none' ? {} : { clientCertificate: server };
    const upstream = upstreamAt(wanting, { ca: authority.ca, ...given });
    const failure = await failureOf(upstream.getManifest(name, latest), 'tls');
    expect(failure.message).toContain('"clientCert"');
  });

  test('goes to the token service, and not to the host of a redirect', async () => {
    const realm = await asking((_, response) => {
      reply(response, 200, {}, '{"token":"good"}');
    });
    const cdn = await asking(goodRegistry, false);
    const registry = await asking((request, response) => {
      if (request.headers.authorization === 'Bearer good')
        reply(response, 307, { location: `${cdn.url}/manifests/x` });
      else reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
    });
    const upstream = upstreamAt(registry.url, { ca: authority.ca, clientCertificate });
    expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
    expect(realm.seen.map(shownBy)).toEqual(['robot']);
    expect(cdn.seen.map(shownBy)).toEqual([undefined]);
  });

  test('a key of another certificate is found before anything is sent', async () => {
    const registry = await asking(goodRegistry);
    const other = selfSigned('other');
    const mixed = { cert: clientCertificate.cert, key: other.key };
    const upstream = upstreamAt(registry.url, { ca: authority.ca, clientCertificate: mixed });
    const failure = await failureOf(upstream.getManifest(name, latest), 'tls');
    expect(failure.message).toContain('"clientKey"');
    expect(registry.seen).toHaveLength(0);
  });

  /** A certificate that is its own authority, for whatever purpose. */
  function selfSigned(title: string): { cert: string; key: string } {
    const [cert, key] = [join(place.folder, `${title}.crt`), join(place.folder, `${title}.key`)];
    opensslSelfSigned(cert, key, '-subj', `/CN=${title}`);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  /**
   * A server that demands a certificate in the TLS 1.2 handshake, where the refusal has a reason. Node's own gives none,
   * and with TLS 1.3 the client has finished before it comes.
   */
  async function startOpenssl(pair: { cert: string; key: string }): Promise<string> {
    const file = join(place.folder, 'server.pem');
    await writeFile(file, pair.cert + pair.key);
    const argv = ['s_server', '-accept', '127.0.0.1:0', '-www', '-tls1_2', '-cert', file, '-key', file];
    const demand = ['-Verify', '1', '-verify_return_error', '-CAfile', join(place.folder, 'robot.crt')];
    const child = spawn(program, [...argv, ...demand], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void child.kill());
    for await (const line of createInterface(child.stdout)) {
      const address = /^ACCEPT (.*)$/.exec(line)?.[1];
      if (address !== undefined) return `https://${address}`;
    }
    throw new Error('openssl s_server did not start');
  }
});
