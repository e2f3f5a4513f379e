import { expect, test } from 'vitest';
import { proxyFor } from '../../../registry/upstream/outbound.ts';

const httpProxy = new URL('http://proxy.example:3128');
const httpsProxy = new URL('http://proxy.example:3129');

test('each scheme has its own proxy, and none when none is given for it', () => {
  const outbound = { httpProxy, httpsProxy };
  expect(proxyFor(outbound, new URL('http://quay.io'))).toBe(httpProxy);
  expect(proxyFor(outbound, new URL('https://quay.io'))).toBe(httpsProxy);
  expect(proxyFor({ httpProxy }, new URL('https://quay.io'))).toBeUndefined();
  expect(proxyFor(undefined, new URL('https://quay.io'))).toBeUndefined();
});

test.each([
  ['', 'https://quay.io', true],
  ['quay.io', 'https://quay.io', false],
  ['QUAY.io', 'https://Quay.IO', false],
  ['other.io quay.io', 'https://quay.io', false],
  [' other.io , quay.io ', 'https://quay.io', false],
  ['quay.io', 'https://cdn.quay.io', false],
  ['.quay.io', 'https://cdn.quay.io', false],
  ['.quay.io', 'https://quay.io', false],
  ['*.quay.io', 'https://cdn.quay.io', false],
  ['*.quay.io', 'https://quay.io', true],
  ['quay.io', 'https://notquay.io', true],
  ['quay.io.', 'https://quay.io', false],
  ['quay.io', 'https://quay.io.', false],
  ['quay.io:443', 'https://quay.io', false],
  ['quay.io:80', 'https://quay.io', true],
  ['quay.io:80', 'http://quay.io', false],
  ['quay.io:5000', 'https://quay.io:5000', false],
  ['*', 'https://quay.io', false],
  ['*:5000', 'https://quay.io', true],
  ['other.io,*', 'https://quay.io', false],
  ['10.0.0.1', 'https://10.0.0.1', false],
  ['0.0.1', 'https://10.0.0.1', true],
  ['10.0.0.0/8', 'https://10.200.3.4:5000', false],
  ['10.0.0.0/8', 'https://11.0.0.1', true],
  ['10.0.0.0/8', 'https://quay.io', true],
  ['10.0.0.0/33', 'https://10.0.0.1', true],
  ['quay.io/8', 'https://10.0.0.1', true],
  ['::1', 'https://[::1]:5000', false],
  ['[::1]', 'https://[::1]:5000', false],
  ['[::1]:5000', 'https://[::1]:5000', false],
  ['[::1]:5001', 'https://[::1]:5000', true],
  ['fd00::/8', 'https://[fd12::1]', false],
  ['fd00::/8', 'https://[fe80::1]', true],
])('noProxy %j: %s through the proxy: %s', (noProxy, url, through) => {
  expect(proxyFor({ httpProxy, httpsProxy, noProxy }, new URL(url)) !== undefined).toBe(through);
});
