import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const PROXY = '127.0.0.1';
const STRANGER = '127.0.0.2';
const SECURE = 'X-Forwarded-Proto: https\r\n';
const CLOSE = 'Connection: close\r\n';

let place: Place;
let gateway: LocalGateway;

beforeAll(async () => {
  place = await createLoopback();
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'hosted', write: 'hosted', web: true } },
    repositories: { hosted: { type: 'hosted' } },
    trustedProxies: [PROXY],
  });
});
afterAll(async () => {
  await gateway.stop();
  await place.close();
});

/** What the plain port answers to a request from that address. */
async function ask(from: string, path: string, headers: string, version = '1.1'): Promise<string> {
  const socket = net.connect({ host: PROXY, port: gateway.plain.port, localAddress: from });
  socket.write(`GET ${path} HTTP/${version}\r\nHost: localhost\r\n${headers}\r\n`);
  return (await buffer(socket)).toString('latin1');
}

test('what a trusted proxy received by HTTPS is served on the plain port', async () => {
  const reply = await ask(PROXY, '/v2/', SECURE + CLOSE);
  expect(reply).toMatch(/^HTTP\/1.1 401 /);
  expect(reply).toContain('realm="https://localhost/v2/token"');
  expect(await ask(PROXY, '/', SECURE + CLOSE)).toMatch(/^HTTP\/1.1 200 /);
});

test('what it received by HTTP is sent to its own HTTPS port, not to ours', async () => {
  const reply = await ask(PROXY, '/v2/', CLOSE);
  expect(reply).toMatch(/^HTTP\/1.1 308 [^]*\nlocation: https:\/\/localhost\/v2\/\r\n/i);
  const setup = await ask(PROXY, '/setup.txt', SECURE + CLOSE);
  expect(setup).toMatch(/^HTTP\/1.1 200 /);
  expect(setup).not.toMatch(new RegExp(`:(?:${gateway.port}|${gateway.plain.port})\\b`));
});

test('a stranger who claims to have come by HTTPS is sent there', async () => {
  const reply = await ask(STRANGER, '/v2/', SECURE + CLOSE);
  expect(reply).toMatch(
    new RegExp(`^HTTP/1.1 308 [^]*\\nlocation: https://localhost:${gateway.port}/v2/\\r`, 'i'),
  );
});

test('a proxy that speaks HTTP/1.0 gets a length and no chunks, and a connection for each request', async () => {
  const { layers } = await seedImage(gateway, 'team/app', '1', { layers: [300_000] });
  const authorization = `Authorization: ${basic(gateway.admin)}\r\n`;
  const [layer] = layers;
  for (const path of [`/v2/team/app/blobs/${layer?.digest ?? ''}`, '/v2/team/app/tags/list', '/healthz']) {
    const reply = await ask(PROXY, path, SECURE + authorization, '1.0');
    const [head = '', ...rest] = reply.split('\r\n\r\n');
    expect(head).toMatch(/ 200 /);
    expect(head).not.toMatch(/chunked/i);
    expect(head).toMatch(new RegExp(`\\ncontent-length: ${rest.join('\r\n\r\n').length}\\b`, 'i'));
  }
});
