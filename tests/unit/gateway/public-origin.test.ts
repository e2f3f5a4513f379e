import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { originReader } from '../../../gateway/public-origin.ts';
import { load } from '../config/load.ts';

/** As much of a request as its origin is read from. */
function from(remoteAddress: string, headers: Readonly<Record<string, string>>): IncomingMessage {
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

async function reader(trustedProxies: readonly string[] = []) {
  const { trustedProxies: ranges } = await load(`trustedProxies: ${JSON.stringify(trustedProxies)}`);
  return originReader(ranges);
}

const forged = {
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.test:81',
  'x-forwarded-for': '203.0.113.9',
};

describe('the Host header', () => {
  test.each([
    ['idocker.io', 'idocker.io'],
    ['idocker.io:5000', 'idocker.io'],
    ['IDocker.io', 'IDocker.io'],
    ['10.0.0.1:8443', '10.0.0.1'],
    ['[fd00::1]:8443', '[fd00::1]'],
    ['[::1]', '[::1]'],
    ['my_host.test', 'my_host.test'],
  ])('%s is the origin, with the port that the client used', async (host, name) => {
    const read = await reader();
    expect(read(from('198.51.100.7', { host }), 'https')).toEqual({
      origin: `https://${host}`,
      host: name,
      client: '198.51.100.7',
      viaProxy: false,
    });
    expect(read(from('198.51.100.7', { host }), 'http')?.origin).toBe(`http://${host}`);
  });

  test.each([
    '',
    'a b',
    'a/b',
    'a"b',
    'a,b',
    'user@host',
    'host:',
    'host:port',
    'host:123456',
    'host:70000',
    '[::1',
    '::1',
    '[zz]',
    '[:::]',
    '1.2.3.4.5',
    'bücher.test',
    'a\\b',
  ])('%j is no host', async (host) => {
    expect((await reader())(from('198.51.100.7', { host }), 'https')).toBeUndefined();
  });

  test('may be missing', async () => {
    expect((await reader())(from('198.51.100.7', {}), 'https')).toBeUndefined();
  });
});

describe('X-Forwarded-*', () => {
  test('of a stranger is not believed', async () => {
    for (const trusted of [[], ['10.0.0.0/8', 'fd00::/8', '127.0.0.1']]) {
      const read = await reader(trusted);
      for (const peer of ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8::7', '127.0.0.2'])
        expect(read(from(peer, { host: 'idocker.io', ...forged }), 'https')).toMatchObject({
          origin: 'https://idocker.io',
          host: 'idocker.io',
          client: peer.replace('::ffff:', ''),
        });
    }
  });

  test.each(['10.1.2.3', '::ffff:10.1.2.3', 'fd00::9'])('of the trusted proxy %s is', async (peer) => {
    const read = await reader(['10.0.0.0/8', 'fd00::/8']);
    expect(read(from(peer, { host: 'inside:8080', ...forged }), 'https')).toEqual({
      origin: 'http://evil.test:81',
      host: 'evil.test',
      client: '203.0.113.9',
      viaProxy: true,
    });
  });

  test('of a trusted proxy need not be there', async () => {
    const read = await reader(['10.0.0.1']);
    expect(read(from('10.0.0.1', { host: 'idocker.io' }), 'http')).toEqual({
      origin: 'http://idocker.io',
      host: 'idocker.io',
      client: '10.0.0.1',
      viaProxy: true,
    });
  });

  test('counts as its last entry: what stands before came from the client', async () => {
    const read = await reader(['10.0.0.1']);
    const lists = { 'x-forwarded-host': 'evil.test, idocker.io', 'x-forwarded-proto': 'http, https' };
    expect(read(from('10.0.0.1', { host: 'inside', ...lists }), 'http')?.origin).toBe('https://idocker.io');
  });

  test.each(['gopher', '', 'HTTPS"', 'https://'])('with the scheme %j leaves ours', async (proto) => {
    const read = await reader(['10.0.0.1']);
    const headers = { host: 'idocker.io', 'x-forwarded-proto': proto };
    expect(read(from('10.0.0.1', headers), 'https')?.origin).toBe('https://idocker.io');
  });

  test('with a malformed host is no host', async () => {
    const read = await reader(['10.0.0.1']);
    for (const host of ['a b', 'evil.test/x?', 'host:70000', '1.2.3.4.5'])
      expect(
        read(from('10.0.0.1', { host: 'idocker.io', 'x-forwarded-host': host }), 'https'),
      ).toBeUndefined();
  });

  test.each([
    ['203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['1.1.1.1, 203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['unknown, 10.0.0.7', '10.0.0.7'],
    ['', '10.0.0.1'],
    ['not an address', '10.0.0.1'],
    // Made of the letters of an address, and none: a client that is itself trusted can send it.
    ['1.2', '10.0.0.1'],
    ['abc, ::::, 999.1.1.1', '10.0.0.1'],
    ['1.2, 203.0.113.9', '203.0.113.9'],
  ])('-For %j names the nearest client that is no trusted proxy', async (chain, client) => {
    const read = await reader(['10.0.0.0/8']);
    const headers = { host: 'idocker.io', 'x-forwarded-for': chain };
    expect(read(from('10.0.0.1', headers), 'https')?.client).toBe(client);
  });
});
