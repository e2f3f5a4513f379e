import { expect, test } from 'vitest';
import type { Config } from '../../../gateway/config/index.ts';
import { load, report } from './load.ts';

const secret = 'hunter2';

test('the way out is that of the file, and what it leaves out that of the environment', async () => {
  const env = { HTTP_PROXY: 'http://env:1', https_proxy: 'http://env:2', NO_PROXY: 'env' };
  expect(shown(await load('', { env }))).toEqual(['http://env:1/', 'http://env:2/', 'env']);
  expect(shown(await load('outbound: { httpsProxy: "http://file:3" }', { env }))).toEqual([
    'http://env:1/',
    'http://file:3/',
    'env',
  ]);
  const all = 'outbound: { httpProxy: "https://file:4", httpsProxy: "file:5", noProxy: "a,.b" }';
  expect(shown(await load(all, { env }))).toEqual(['https://file:4/', 'http://file:5/', 'a,.b']);
  expect(shown(await load(all, { env: { HTTP_PROXY: 'socks5://not-looked-at:1' } }))[0]).toBe(
    'https://file:4/',
  );
});

test('upper case wins over lower case, and what is set to nothing is not set', async () => {
  const both = {
    HTTP_PROXY: 'http://upper:1',
    http_proxy: 'http://lower:1',
    NO_PROXY: 'upper',
    no_proxy: 'lower',
  };
  expect(shown(await load('', { env: both }))).toEqual(['http://upper:1/', undefined, 'upper']);
  const empty = {
    HTTP_PROXY: '',
    http_proxy: 'http://lower:1',
    HTTPS_PROXY: '',
    https_proxy: '',
    NO_PROXY: '',
  };
  expect(shown(await load('outbound:', { env: empty }))).toEqual(['http://lower:1/', undefined, undefined]);
});

test('an empty noProxy of the file takes the one of the environment away', async () => {
  const config = await load('outbound: { noProxy: "" }', { env: { NO_PROXY: 'env' } });
  expect(config.outbound.noProxy).toBe('');
});

test('credentials of a proxy are kept', async () => {
  const { outbound } = await load('', { env: { HTTPS_PROXY: `http://me:${secret}@proxy:3128` } });
  expect([outbound.httpsProxy?.username, outbound.httpsProxy?.password]).toEqual(['me', secret]);
});

test('what is wrong with a variable is said of the variable, in the same report, and without its value', async () => {
  const env = {
    http_proxy: `socks5://me:${secret}@proxy:1080`,
    HTTPS_PROXY: `http://me:${secret}#@proxy:3128`,
  };
  const lines = await report('log: { level: loud }', { env });
  expect(lines).toEqual([
    expect.stringMatching(/^environment: http_proxy: is a SOCKS proxy/),
    expect.stringMatching(/^environment: HTTPS_PROXY: /),
    expect.stringMatching(/^dockgate\.yaml:1: log\.level: /),
  ]);
  expect(lines.join()).not.toContain(secret);
});

test('what is wrong in the file is said with its line, and without its value', async () => {
  const text = `outbound:
  httpProxy: ftp://me:${secret}@proxy
  httpsProxy: http://me:${secret}@proxy/path
  noProxy: [a, b]
  proxies: x`;
  const env = { HTTP_PROXY: 'http://env:1' };
  const lines = await report(text, { env });
  expect(lines).toEqual([
    expect.stringMatching(/^dockgate\.yaml:2: outbound\.httpProxy: is not the URL of a proxy/),
    expect.stringMatching(/^dockgate\.yaml:3: outbound\.httpsProxy: is not the URL of a proxy/),
    expect.stringMatching(/^dockgate\.yaml:4: outbound\.noProxy: must be hosts with commas/),
    expect.stringMatching(
      /^dockgate\.yaml:5: outbound\.proxies: unknown key; choose from httpProxy, httpsProxy, noProxy/,
    ),
  ]);
  expect(lines.join()).not.toContain(secret);
  expect(await report('outbound: x', { env })).toEqual([
    'dockgate.yaml:1: outbound: must be a mapping, key: value',
  ]);
});

function shown({ outbound }: Config): (string | undefined)[] {
  return [outbound.httpProxy?.href, outbound.httpsProxy?.href, outbound.noProxy];
}
