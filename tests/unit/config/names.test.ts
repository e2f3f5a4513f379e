import { describe, expect, test } from 'vitest';
import { parseAddress, parseRange } from '../../../gateway/config/addresses.ts';
import { BadValue } from '../../../gateway/config/errors.ts';
import { expand } from '../../../gateway/config/expand.ts';
import { parseHostname } from '../../../gateway/config/hostnames.ts';
import { parsePattern, parsePrefix } from '../../../gateway/config/names.ts';
import { didYouMean } from '../../../gateway/config/suggest.ts';
import { parseUpstream } from '../../../gateway/config/urls.ts';

describe('hosts', () => {
  test.each([
    ['iDocker.IO', 'idocker.io'],
    ['localhost', 'localhost'],
    ['*.Example.org', '*.example.org'],
    ['xn--bcher-kva.de', 'xn--bcher-kva.de'],
    ['10.99.0.1', '10.99.0.1'],
    ['[::1]', '::1'],
    ['FD00:0:0::0001', 'fd00::1'],
  ])('%s', (text, host) => {
    expect(parseHostname(text)).toBe(host);
  });

  test.each([
    ['bücher.de', /xn--bcher-kva\.de/],
    ['x.io:443', /connectors/],
    ['[::1]:443', /connectors/],
    ['https://x.io', /without https/],
    ['fe80::1%eth0', /zone/],
    ['x..io', /not a host/],
    ['-x.io', /not a host/],
    ['a_b.io', /not a host/],
    ['1.2.3.999', /not a host/],
    ['x.io.', /not a host/],
    ['*', /not a host/],
    ['a.*.io', /not a host/],
    [`${'a'.repeat(64)}.io`, /not a host/],
    [`${'a.'.repeat(127)}io`, /not a host/],
    ['', /not a host/],
  ])('refuses %j', (text, advice) => {
    expect(() => parseHostname(text)).toThrow(advice);
  });
});

describe('variables', () => {
  const env = { USER: 'u', EMPTY: '', 'odd-name': 'x', AGAIN: '${USER}' };
  test.each([
    ['${USER}', 'u'],
    ['a${USER}b${USER}', 'aubu'],
    ['${EMPTY}', ''],
    ['$USER $ $$', '$USER $ $$'],
    ['$${USER}', '${USER}'],
    ['$${', '${'],
    ['${AGAIN}', '${USER}'],
  ])('%s', (text, result) => {
    expect(expand(text, env)).toBe(result);
  });

  test.each([
    ['${NOPE} ${NADA} ${NOPE}', /^NOPE, NADA are not set/],
    ['${odd-name}', /write \$\{NAME\}/],
    ['${}', /write \$\{NAME\}/],
    ['${USER', /write \$\{NAME\}/],
    ['${USER:-x}', /write \$\{NAME\}/],
  ])('refuses %s', (text, advice) => {
    expect(() => expand(text, env)).toThrow(advice);
  });
});

describe('upstreams', () => {
  test.each([
    ['https://quay.io/', 'https://quay.io/'],
    ['HTTP://QUAY.io:5000', 'http://quay.io:5000/'],
    ['https://docker.io', 'https://registry-1.docker.io/'],
    ['https://n.io/repository/hub/', 'https://n.io/repository/hub'],
  ])('%s', (text, href) => {
    expect(parseUpstream(text).href).toBe(href);
  });

  test.each([
    'quay.io',
    'quay.io:5000',
    'ftp://quay.io',
    'https://',
    'https:///x',
    'https://x.io:99999',
    'https://x.io/v2/',
    'https://x.io?a',
    'https://x.io#a',
    'https://u:p@x.io',
  ])('refuses %s', (text) => {
    expect(() => parseUpstream(text)).toThrow(BadValue);
  });
});

test.each(['**', 'team/**', '**/x', 'library/nginx', 'a*', 'a?/b-*'])('pattern %s', (text) => {
  expect(parsePattern(text)).toBe(text);
});

test.each(['', '/', 'a/', '/a', 'a//b', 'Team/**', 'a**', 'a b', '[ab]', '!a'])(
  'refuses the pattern %j',
  (text) => {
    expect(() => parsePattern(text)).toThrow(BadValue);
  },
);

test.each(['quay.io/x', 'Quay.io', 'quay.io:5000', '', '-a', 'a..b'])('refuses the prefix %j', (text) => {
  expect(() => parsePrefix(text)).toThrow(BadValue);
});

test('address ranges', () => {
  expect(parseRange('10.0.0.0/8')).toEqual({ address: '10.0.0.0', prefix: 8, family: 'ipv4' });
  expect(parseRange('fd00::/8')).toEqual({ address: 'fd00::', prefix: 8, family: 'ipv6' });
  expect(parseRange('::1')).toEqual({ address: '::1', prefix: 128, family: 'ipv6' });
  for (const text of ['10.0.0.0/33', 'fd00::/129', '10.0.0', '10.0.0.0/', '10.0.0.0/8/8', 'x.io', '']) {
    expect(() => parseRange(text), text).toThrow(BadValue);
  }
  expect(() => parseAddress('x.io')).toThrow(BadValue);
});

test('the nearest word is suggested, and none when all are far', () => {
  const known = ['upstream', 'username', 'password', 'blobStore'];
  expect(didYouMean('upstrem', known)).toBe('; did you mean "upstream"?');
  expect(didYouMean('pasword', known)).toBe('; did you mean "password"?');
  expect(didYouMean('blobstroe', known)).toBe('; did you mean "blobStore"?');
  expect(didYouMean('colour', known)).toBe('');
  expect(didYouMean('x', ['y'])).toBe('');
});
