import { expect, test } from 'vitest';
import { BadValue } from '../../../gateway/config/errors.ts';
import { parseImage } from '../../../gateway/config/images.ts';
import { parsePlatform } from '../../../gateway/config/platforms.ts';

const hash = `sha256:${'0a'.repeat(32)}`;

test.each([
  ['nginx', 'nginx', 'latest'],
  ['nginx:1.27', 'nginx', '1.27'],
  ['quay.io/coreos/etcd:v3.5_X', 'quay.io/coreos/etcd', 'v3.5_X'],
  [`team/app@${hash}`, 'team/app', hash],
  [`nginx:1.27@${hash}`, 'nginx', hash],
  [`a@sha512:${'0a'.repeat(64)}`, 'a', `sha512:${'0a'.repeat(64)}`],
  [`${'a'.repeat(255)}:1`, 'a'.repeat(255), '1'],
])('%s', (text, name, reference) => {
  expect(parseImage(text)).toEqual({ name, reference });
});

test.each([
  ['', 'is not an image'],
  [':1', 'is not an image'],
  ['nginx//x', 'is not an image'],
  ['nginx latest', 'is not an image'],
  ['a'.repeat(256), 'is not an image'],
  ['Nginx:1', 'has capitals'],
  ['nginx:', 'no valid tag'],
  ['nginx:a:b', 'no valid tag'],
  ['nginx:-1', 'no valid tag'],
  [`nginx:${'1'.repeat(129)}`, 'no valid tag'],
  ['nginx@', 'no valid digest'],
  ['nginx@sha256:12', 'no valid digest'],
  [`nginx@sha256:${'0A'.repeat(32)}`, 'no valid digest'],
  [`nginx@sha384:${'0a'.repeat(48)}`, 'no valid digest'],
  ['localhost:5000/nginx:1', 'has a host with a port'],
  ['https://quay.io/nginx', 'is a URL'],
])('refuses %j', (text, message) => {
  expect(() => parseImage(text)).toThrow(BadValue);
  expect(() => parseImage(text)).toThrow(message);
});

test('platforms', () => {
  for (const text of ['linux/amd64', 'linux/arm/v7', 'windows/amd64', 'linux/riscv64', 'all']) {
    expect(parsePlatform(text)).toBe(text);
  }
  for (const text of ['', 'amd64', 'linux', 'linux/', 'Linux/amd64', 'linux/arm/v7/x', 'linux amd64', '*']) {
    expect(() => parsePlatform(text), text).toThrow(BadValue);
  }
});
