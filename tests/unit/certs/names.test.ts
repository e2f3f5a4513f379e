import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { machineNames } from '../../../certs/index.ts';
import { canonicalName, canonicalNames } from '../../../certs/names.ts';

describe('canonicalName', () => {
  test.each([
    ['iDocker.IO', 'idocker.io'],
    ['localhost', 'localhost'],
    ['registry.example.', 'registry.example'],
    ['*.Example.COM', '*.example.com'],
    ['build_host', 'build_host'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['10.99.0.1', '10.99.0.1'],
    ['FD00:0:0:0:0:0:0:2', 'fd00::2'],
    ['[::1]', '::1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('spells %s as %s', (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical);
  });

  test.each([
    '',
    '*',
    'a..b',
    '-a.example',
    'a.*.example',
    'https://a.example',
    'a.example:8443',
    'a b',
    '10.0.0.256',
    'fe80::1%eth0',
    `${'a'.repeat(64)}.example`,
    'a.'.repeat(127) + 'aa',
  ])('refuses %j with the way out', (name) => {
    expect(() => canonicalName(name)).toThrow(/cannot stand in a certificate: give a hostname/);
  });
});

test('each name counts once, however it is spelled, in the order given', () => {
  expect(canonicalNames(['b.test', 'A.test', 'B.TEST', '::1', '[0:0::1]'])).toEqual([
    'b.test',
    'a.test',
    '::1',
  ]);
});

test('no name at all is refused', () => {
  expect(() => canonicalNames([])).toThrow('at least one name');
});

test('the machine is called by every address of its interfaces but link-local ones', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((bound) => bound ?? []);
  const names = machineNames();
  for (const { address } of addresses.filter(({ scopeid = 0 }) => scopeid === 0)) {
    expect(names).toContain(canonicalName(address));
  }
  expect(names.filter((name) => /^fe80|%/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});
