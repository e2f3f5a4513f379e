import { expect, test } from 'vitest';
import { load, report } from './load.ts';

const agreed = 'tls: { profile: acme, acme: { agreeToTerms: true } }\n';

test('ACME needs little to be said', async () => {
  const { tls } = await load(`hosts: { idocker.io: { web: true } }\n${agreed}`);
  const directory = new URL('https://acme-v02.api.letsencrypt.org/directory');
  const acme = { directory, email: undefined, ca: undefined, externalAccount: undefined };
  expect(tls).toEqual({ profile: 'acme', acme });
});

test('ACME takes what a private authority or another one needs', async () => {
  const { file, tls } = await load(
    `hosts: { registry: { web: true } }
tls:
  profile: acme
  acme:
    directory: https://ca.lan:9000/acme/acme/directory?x
    email: you@example.org
    agreeToTerms: \${AGREED}
    ca: step-ca.pem
    externalAccount: { kid: k-1, hmacKey: "zWNDZM6eQGHWpSRT+al5/IUYFTu7Ea==" }`,
    { env: { AGREED: 'true' } },
  );
  expect(tls).toEqual({
    profile: 'acme',
    acme: {
      directory: new URL('https://ca.lan:9000/acme/acme/directory?x'),
      email: 'you@example.org',
      ca: String(file).replace('dockgate.yaml', 'step-ca.pem'),
      externalAccount: { kid: 'k-1', hmacKey: 'zWNDZM6eQGHWpSRT-al5_IUYFTu7Ea' },
    },
  });
});

test('ACME is not asked to certify what this machine calls itself, but what is added on the command line', async () => {
  const request = { overrides: { hosts: ['idocker.io'] }, machineNames: ['web1.lan', '10.0.0.1'] };
  expect([...(await load(agreed, request)).hosts.keys()]).toEqual(['localhost', 'idocker.io']);
  expect(await report(agreed, { machineNames: ['web1.example.org'] })).toEqual([
    expect.stringContaining('hosts.localhost: is a name of this network or machine alone'),
  ]);
});

test('ACME needs a host without a certificate of its own', async () => {
  expect(await report(`hosts: { a.io: { web: true, tls: { cert: a.pem, key: a.key } } }\n${agreed}`)).toEqual(
    [expect.stringMatching(/:2: tls\.profile: finds no host without a certificate of its own/)],
  );
});
