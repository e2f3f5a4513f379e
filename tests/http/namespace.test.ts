import { describe, expect, test } from 'vitest';
import type { Reply } from '../support/http-request.ts';
import { makeImage as makePushed, type Image } from '../support/image.ts';
import { seedImage, seedManifest } from '../support/seed-image.ts';
import { startTwoUpstreams, type TwoUpstreams } from '../support/two-upstreams.ts';
import { makeImage, type FakeImage } from '../unit/repositories/fake-registry.ts';
import { digestOf } from '../unit/upstream/scripted.ts';

const NAME = 'team/app';
const UNKNOWN = 'evil.test';

const codeOf = ({ body }: Reply): unknown =>
  (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors[0]?.code;

/** Every way to read `team/app`, its image and the lists. */
function reads(image: FakeImage): readonly string[] {
  const layer = digestOf(image.blobs[1] ?? '');
  const paths = [
    `/v2/${NAME}/manifests/1`,
    `/v2/${NAME}/manifests/${image.digest}`,
    `/v2/${NAME}/blobs/${layer}`,
    `/v2/${NAME}/tags/list`,
    `/v2/${NAME}/referrers/${image.digest}`,
    '/v2/_catalog',
    '/v1/search?q=app',
  ];
  return paths.map((path) => `${path}${path.includes('?') ? '&' : '?'}ns=`);
}

/** Pushes a whole image within a namespace, by every request that a push can consist of; gives their answers. */
async function push({ send }: TwoUpstreams, namespace: string, image: Image): Promise<readonly Reply[]> {
  const ns = `ns=${namespace}`;
  const replies: Reply[] = [];
  const sent = async (...of: Parameters<TwoUpstreams['send']>): Promise<Reply> => {
    const reply = await send(...of);
    replies.push(reply);
    return reply;
  };
  const open = async (): Promise<string> =>
    (await sent('POST', `/v2/${NAME}/blobs/uploads/?${ns}`)).headers.location ??
    `/v2/${NAME}/blobs/uploads/none`;
  const [layer] = image.layers;
  const [session, cancelled] = [await open(), await open()];
  await sent('PATCH', `${session}?${ns}`, { body: layer?.bytes ?? '' });
  await sent('GET', `${session}?${ns}`);
  await sent('PUT', `${session}?${ns}&digest=${layer?.digest ?? ''}`);
  await sent('DELETE', `${cancelled}?${ns}`);
  const { digest, bytes } = image.config;
  await sent('POST', `/v2/${NAME}/blobs/uploads/?${ns}&digest=${digest}`, { body: bytes });
  await sent('POST', `/v2/team/other/blobs/uploads/?${ns}&mount=${digest}&from=${NAME}`);
  await sent('HEAD', `/v2/${NAME}/blobs/${digest}?${ns}`);
  const headers = { 'content-type': image.manifest.mediaType };
  await sent('PUT', `/v2/${NAME}/manifests/1?${ns}`, { headers, body: image.manifest.bytes });
  await sent('HEAD', `/v2/${NAME}/manifests/1?${ns}`);
  await sent('DELETE', `/v2/${NAME}/manifests/1?${ns}`);
  await sent('DELETE', `/v2/${NAME}/blobs/${digest}?${ns}`);
  return replies;
}

describe('within a namespace', () => {
  test('every read asks only its upstream, and says so', async () => {
    const { hub, quay, get } = await startTwoUpstreams({ tags: 'upstream' });
    const [image, elsewhere] = [makeImage(), makeImage()];
    quay.push(NAME, '1', image);
    hub.push(NAME, '1', elsewhere);
    for (const path of reads(image))
      for (const method of ['HEAD', 'GET']) {
        const reply = await get(`${path}QUAY.io`, { method });
        expect([path, reply.status]).toEqual([path, 200]);
        expect(reply.headers['oci-namespace']).toBe('quay.io');
        if (reply.headers['docker-content-digest'] !== undefined)
          expect(reply.headers['dockgate-member']).toBe('quay');
      }
    expect(hub.asked).toEqual([]);
    expect(quay.asked.length).toBeGreaterThan(0);
    expect(quay.asked.filter((each) => each.includes('ns='))).toEqual([]);
  });

  test('every write goes where it always goes, and says so', async () => {
    const started = await startTwoUpstreams();
    const replies = await push(started, 'quay.io', makePushed());
    expect(replies.map(({ status }) => status)).toEqual([
      202, 202, 202, 204, 201, 204, 201, 201, 200, 201, 200, 202, 202,
    ]);
    for (const { headers } of replies) expect(headers['oci-namespace']).toBe('quay.io');
    expect([...started.hub.asked, ...started.quay.asked]).toEqual([]);
  });

  test('an upstream is known by its host and port too', async () => {
    const { hub, quay, get } = await startTwoUpstreams();
    const image = makeImage();
    quay.push(NAME, '1', image);
    const { host } = new URL(quay.url);
    const reply = await get(`/v2/${NAME}/manifests/1?ns=${encodeURIComponent(host)}`);
    expect([reply.status, reply.headers['oci-namespace']]).toEqual([200, host]);
    expect(reply.headers['dockgate-member']).toBe('quay');
    expect(hub.asked).toEqual([]);
  });

  test('docker.io is asked for library/x', async () => {
    const { hub, get } = await startTwoUpstreams();
    hub.push('library/nginx', '1', makeImage());
    for (const name of ['nginx', 'library/nginx'])
      expect((await get(`/v2/${name}/manifests/1?ns=docker.io`)).status).toBe(200);
    expect(hub.asked).toEqual(['GET /v2/library/nginx/manifests/1']);
  });

  test('what was pushed here is read first, and hides no longer when it is deleted', async () => {
    const { gateway, quay, get, send } = await startTwoUpstreams();
    const image = makeImage();
    quay.push(NAME, '1', image);
    await get(`/v2/${NAME}/manifests/1?ns=quay.io`);
    const pushed = await seedImage(gateway, NAME, '1');
    expect((await get(`/v2/${NAME}/manifests/1?ns=quay.io`)).headers).toMatchObject({
      'dockgate-member': 'own',
      'docker-content-digest': pushed.manifest.digest,
      'oci-namespace': 'quay.io',
    });
    const deleted = await send('DELETE', `/v2/${NAME}/manifests/1?ns=quay.io`);
    expect(deleted.status).toBe(202);
    expect(deleted.headers.warning).toBe(`299 - "quay still serves ${NAME} 1"`);
    expect((await get(`/v2/${NAME}/manifests/1?ns=quay.io`)).headers['dockgate-member']).toBe('quay');
  });

  test('nobody else still serves what is deleted (T15)', async () => {
    const { gateway, quay, get, send } = await startTwoUpstreams();
    quay.push(NAME, '1', makeImage());
    await get(`/v2/${NAME}/manifests/1?ns=quay.io`);
    const { manifest } = await seedImage(gateway, NAME, '1');
    const hidden = await send('DELETE', `/v2/${NAME}/manifests/1?ns=docker.io`);
    expect([hidden.status, hidden.headers.warning]).toEqual([202, undefined]);
    await seedManifest(gateway, NAME, '1', manifest);
    const seen = await send('DELETE', `/v2/${NAME}/manifests/1`);
    expect(seen.headers.warning).toBe(`299 - "quay still serves ${NAME} 1"`);
    await seedManifest(gateway, NAME, '2', manifest);
    const alone = await send('DELETE', `/v2/${NAME}/manifests/2`);
    expect([alone.status, alone.headers.warning]).toEqual([202, undefined]);
  });

  test('a negative answer does not outlive a push (T10)', async () => {
    const { gateway, get } = await startTwoUpstreams();
    expect((await get(`/v2/${NAME}/manifests/1?ns=quay.io`)).status).toBe(404);
    await seedImage(gateway, NAME, '1');
    expect((await get(`/v2/${NAME}/manifests/1?ns=quay.io`)).status).toBe(200);
  });

  test('errors say it too, and so does the log', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams();
    const absent = await get(`/v2/${NAME}/manifests/none?ns=quay.io`);
    expect([absent.status, codeOf(absent)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    expect(absent.headers['oci-namespace']).toBe('quay.io');
    quay.behave((request) => {
      request.socket.destroy();
      return true;
    });
    const failed = await get(`/v2/${NAME}/manifests/1?ns=quay.io`);
    expect([failed.status, failed.headers['oci-namespace']]).toEqual([503, 'quay.io']);
    expect(failed.headers['retry-after']).toBeDefined();
    expect(hub.asked).toEqual([]);
    expect(await gateway.logged(failed)).toMatchObject({ namespace: 'quay.io' });
  });

  test.each(['secret/app', 'quay.io/secret/app', 'other.test/secret/app'])(
    'the private %s is asked of nobody',
    async (name) => {
      const { hub, quay, get } = await startTwoUpstreams({ tags: 'upstream' });
      const { digest } = makeImage();
      for (const ns of ['?ns=quay.io', '?ns=docker.io', '?ns=quay.io:443', ''])
        for (const path of [
          'manifests/1',
          `manifests/${digest}`,
          `blobs/${digest}`,
          'tags/list',
          `referrers/${digest}`,
        ])
          for (const method of ['HEAD', 'GET'])
            expect((await get(`/v2/${name}/${path}${ns}`, { method })).status).toBe(
              path.startsWith('referrers') ? 200 : 404,
            );
      expect([...hub.asked, ...quay.asked]).toEqual([]);
    },
  );
});

describe('a namespace that nobody here is', () => {
  test('is refused to every read, and nobody is asked', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams();
    await seedImage(gateway, NAME, '1');
    for (const path of reads(makeImage())) {
      const reply = await get(path + UNKNOWN);
      expect([path, reply.status, codeOf(reply)]).toEqual([path, 404, 'NAME_UNKNOWN']);
      expect(reply.headers['content-type']).toBe('application/json');
      const head = await get(path + UNKNOWN, { method: 'HEAD' });
      expect([head.status, head.body.length]).toEqual([404, 0]);
    }
    expect([...hub.asked, ...quay.asked]).toEqual([]);
  });

  test('is refused to every write, and nothing is written', async () => {
    const started = await startTwoUpstreams();
    const { gateway, get } = started;
    const { manifest, layers } = await seedImage(gateway, NAME, '1');
    const replies = await push(started, UNKNOWN, makePushed());
    // T2: whether there is a manifest, who pushes is told by hosted alone, which is the same in every namespace.
    expect(replies.map(({ status }) => status)).toEqual(replies.map((_, at) => (at === 10 ? 200 : 404)));
    const kept = await get(`/v2/${NAME}/manifests/1`);
    expect(kept.headers['docker-content-digest']).toBe(manifest.digest);
    expect((await get(`/v2/${NAME}/blobs/${layers[0]?.digest ?? ''}`)).status).toBe(200);
    const names = await get('/v2/_catalog');
    expect(JSON.parse(names.body.toString())).toEqual({ repositories: [NAME] });
  });

  test.each(['own', 'hub', 'all', '127.0.0.1', 'docker.io.evil.test', '../quay.io', 'a\r\nX-Evil: 1'])(
    'whatever it is: %s',
    async (namespace) => {
      const { hub, quay, get } = await startTwoUpstreams();
      const reply = await get(`/v2/${NAME}/manifests/1?ns=${encodeURIComponent(namespace)}`);
      expect([reply.status, codeOf(reply)]).toEqual([404, 'NAME_UNKNOWN']);
      expect(reply.headers).not.toHaveProperty('x-evil');
      expect([...hub.asked, ...quay.asked]).toEqual([]);
    },
  );
});

describe('a host of our own', () => {
  test('is no namespace', async () => {
    const { gateway, hub, get } = await startTwoUpstreams();
    hub.push(NAME, '1', makeImage());
    for (const namespace of [
      'localhost',
      `localhost:${gateway.port}`,
      'LOCALHOST:5000',
      'idocker.io',
      'idocker.io:8443',
      '',
    ]) {
      const reply = await get(`/v2/${NAME}/manifests/1?ns=${namespace}`);
      expect([namespace, reply.status]).toEqual([namespace, 200]);
      expect(reply.headers['dockgate-member']).toBe('hub');
      expect(reply.headers).not.toHaveProperty('oci-namespace');
    }
  });
});
