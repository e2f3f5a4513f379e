import { expect, test } from 'vitest';
import { readRateLimit } from '../../../registry/upstream/rate-limit.ts';
import { clientAt, get } from './client-at.ts';
import { reply, startScripted, type Script } from './scripted.ts';

function reading(headers: Readonly<Record<string, string>>): ReturnType<typeof readRateLimit> {
  return readRateLimit({ header: (name) => headers[name] }, 7);
}

test.each([
  ['100;w=21600', '76;w=21600', { limit: 100, remaining: 76, window: 21_600 }],
  ['100', '0', { limit: 100, remaining: 0, window: undefined }],
  ['200; w=60', '5', { limit: 200, remaining: 5, window: 60 }],
  ['100;w=21600, 5000;w=86400', '76;w=21600, 4000;w=86400', { limit: 100, remaining: 76, window: 21_600 }],
])('%s, %s', (limit, remaining, said) => {
  const headers = { 'ratelimit-limit': limit, 'ratelimit-remaining': remaining };
  expect(reading(headers)).toEqual({ ...said, source: undefined, at: 7 });
});

test.each([
  [{}],
  [{ 'ratelimit-limit': '100;w=21600' }],
  [{ 'ratelimit-limit': 'many', 'ratelimit-remaining': '1' }],
  [{ 'ratelimit-limit': '-1', 'ratelimit-remaining': '1' }],
])('%j says nothing', (headers) => {
  expect(reading(headers)).toBeUndefined();
});

const limited =
  (remaining: number): Script =>
  (_, response) => {
    const source = { 'docker-ratelimit-source': '192.0.2.1' };
    const quota = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': `${remaining};w=21600` };
    reply(response, remaining === 0 ? 429 : 200, { ...quota, ...source });
  };

test('what was said last is remembered, by a refusal too, and an answer that says nothing leaves it', async () => {
  const silent: Script = (_, response) => {
    reply(response, 200);
  };
  const scripts = [limited(1), limited(0), silent];
  const server = await startScripted((request, response) => {
    scripts.shift()?.(request, response);
  });
  const client = clientAt(server.url);
  expect(client.rateLimit()).toBeUndefined();
  const remaining: (number | undefined)[] = [];
  for (let asked = 0; asked < 3; asked += 1) {
    (await client.send(get(`${server.url}/v2/`))).drop();
    remaining.push(client.rateLimit()?.remaining);
  }
  expect(remaining).toEqual([1, 0, 0]);
  expect(client.rateLimit()).toMatchObject({ limit: 100, window: 21_600, source: '192.0.2.1' });
  expect(client.rateLimit()?.at).toBeGreaterThan(Date.UTC(2020));
});

test('what the host of a redirect says is not about the upstream', async () => {
  const cdn = await startScripted(limited(5));
  const server = await startScripted((_, response) => {
    reply(response, 307, { location: cdn.url });
  });
  const client = clientAt(server.url);
  (await client.send(get(`${server.url}/v2/`))).drop();
  expect(client.rateLimit()).toBeUndefined();
});
