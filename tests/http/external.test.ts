import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startBackend } from '../support/forwarding.ts';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

describeWith(['docker-registry'], 'hosts with external backends', () => {
  let place: Place;
  let readers: Upstream;
  let writers: Upstream;
  let spare: Upstream;
  let gateway: LocalGateway;

  beforeAll(async () => {
    place = await createLoopback();
    readers = await createUpstream(place);
    writers = await createUpstream(place);
    spare = await createUpstream(place);
    const { url } = readers;
    gateway = await startLocalGateway(place, {
      hosts: {
        localhost: { read: 'docker-hosted', write: 'docker-hosted' },
        'pair.test': { read: url, write: writers.url },
        'half.test': { read: 'docker-hosted', write: writers.url },
        'closed.test': { read: url },
        'several.test': { read: [spare.url, `${spare.url}/nowhere`, url], write: writers.url },
        'all.test': { forward: url },
      },
      repositories: { 'docker-hosted': { type: 'hosted' } },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await place.close();
  });

  /** The gateway as a client of that host sees it; the pair asks for no login. */
  const at = (host: string) => ({
    place,
    url: gateway.url,
    ca: gateway.ca,
    // docker-registry knows no OCI manifest unless it is asked for one.
    ask: (path: string, method = 'GET') =>
      gateway.ask(path, { method, headers: { host, accept: 'application/vnd.oci.image.manifest.v1+json' } }),
  });

  test('reads go to one, writes to the other, and Location leads back here', async () => {
    const image = await seedImage(readers, 'team/app', '1');
    expect((await at('pair.test').ask('/v2/')).status).toBe(200);
    const read = await at('pair.test').ask('/v2/team/app/manifests/1');
    expect([read.status, read.headers['docker-content-digest']]).toEqual([200, image.manifest.digest]);

    const session = await at('pair.test').ask('/v2/team/app/blobs/uploads/', 'POST');
    expect(session.status).toBe(202);
    expect(session.headers.location).toMatch(/^(?:https:\/\/pair\.test)?\/v2\/team\/app\/blobs\/uploads\//);
    // The GET is that of /v2/, which asks both for a login.
    expect((await writers.requests()).map(({ method }) => method)).toEqual(['GET', 'POST']);
    const path = new URL(session.headers.location ?? '', 'https://pair.test');
    expect((await at('pair.test').ask(path.pathname + path.search)).status).toBe(204);
    expect((await writers.requests()).map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
  });

  test('a search is answered by whoever knows one', async () => {
    const found = { query: 'app', num_results: 1, results: [{ name: 'team/app' }] };
    const searched = await startBackend((req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
    });
    const hosts = { 'pair.test': { read: readers.url, write: searched.address.href } };
    const other = await startLocalGateway(place, { hosts, repositories: {} });
    onTestFinished(() => other.stop());
    const headers = { host: 'pair.test' };
    expect((await other.ask('/v1/_ping', { headers })).status).toBe(200);
    const reply = await other.ask('/v1/search?q=app', { headers });
    expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([200, found]);
    expect(searched.seen.map(({ url }) => url)).toEqual(['/v1/_ping', '/v1/search?q=app']);
  });

  test('what is no end-point of ours goes by its method', async () => {
    await writers.forget();
    expect((await at('pair.test').ask('/v2/team/app/other/thing')).status).toBe(404);
    expect((await at('pair.test').ask('/v2/team/app/other/thing', 'POST')).status).toBe(404);
    expect((await writers.requests()).map(({ method }) => method)).toEqual(['POST']);
  });

  test('without a write backend a push is refused in words', async () => {
    const reply = await at('closed.test').ask('/v2/team/app/blobs/uploads/', 'POST');
    expect(reply.status).toBe(405);
    expect(reply.body.toString()).toContain('closed.test is read-only; push to');
  });

  test('beside a repository of ours, the gateway checks the login and keeps it to itself', async () => {
    await writers.forget();
    const path = '/v2/team/app/blobs/uploads/';
    expect((await at('half.test').ask(path, 'POST')).status).toBe(401);
    expect(await writers.requests()).toEqual([]);
    const authorization = await gateway.token(['repository:team/app:pull,push']);
    const headers = { host: 'half.test', authorization };
    expect((await gateway.ask(path, { method: 'POST', headers })).status).toBe(202);
  });

  test('a forwarded host gets everything, also what is ours elsewhere', async () => {
    await readers.forget();
    expect((await at('all.test').ask('/v2/')).status).toBe(200);
    expect((await at('all.test').ask('/healthz')).status).toBe(404);
    expect((await readers.requests()).map(({ path }) => path)).toEqual(['/v2/', '/healthz']);
  });

  test('of several addresses the next is read from while one does not answer, and that one is left alone', async () => {
    const image = await seedImage(readers, 'team/many', '1');
    const read = async () => (await at('several.test').ask('/v2/team/many/manifests/1')).body;
    const told = (message: string) => gateway.entries.filter((entry) => entry.message === message);
    // It works, and its word counts, though the others know better.
    expect((await at('several.test').ask('/v2/team/many/manifests/1')).status).toBe(404);
    await spare.stop();
    for (let turn = 0; turn < 4; turn += 1) expect(await read()).toEqual(image.manifest.bytes);
    expect(told('backend set aside').map(({ host }) => host)).toContain('several.test');
    const metrics = (await gateway.ask('/metrics')).body.toString();
    expect(metrics).toContain(`dockgate_backend_set_aside{host="several.test",url="${spare.url}/"} 1`);
    expect(metrics).toMatch(
      /dockgate_backend_requests_total\{host="several.test",url="[^"]*",outcome="none"\} \d/,
    );
    await spare.start();
    await seedImage(spare, 'team/many', '1');
    const back = async () => {
      await read();
      return told('backend answers again').length;
    };
    await expect.poll(back, { timeout: 20_000 }).toBeGreaterThan(0);
  });

  test('a push is never sent a second time', async () => {
    await writers.stop();
    await readers.forget();
    const reply = await at('several.test').ask('/v2/team/many/blobs/uploads/', 'POST');
    await writers.start();
    expect(reply.status).toBe(502);
    expect(await readers.requests()).toEqual([]);
  });

  test('a backend that is down is said in JSON', async () => {
    await writers.stop();
    const reply = await at('pair.test').ask('/v2/team/app/blobs/uploads/', 'POST');
    await writers.start();
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.body.toString())).toHaveProperty('errors');
  });
});
