import { expect, test } from 'vitest';
import { certificateSettings } from '../../../gateway/certificates.ts';
import { load } from '../config/load.ts';

test('an order is for the hosts without a certificate of their own, through the proxy on the way out', async () => {
  const config = await load(`hosts:
  a.io: { web: true }
  own.io: { web: true, tls: { cert: own.pem, key: own.key } }
  10.0.0.1: { web: true }
listen: { http: 8080 }
outbound: { httpsProxy: "http://proxy.lan:3128", noProxy: .lan }
tls: { profile: acme, acme: { agreeToTerms: true } }`);
  const { names, profile, acme } = certificateSettings(config);
  expect({ names, profile, port: acme?.port }).toEqual({
    names: ['a.io', '10.0.0.1'],
    profile: 'acme',
    port: 8080,
  });
  expect(acme?.proxyFor(new URL('https://acme.test/dir'))?.href).toBe('http://proxy.lan:3128/');
  expect(acme?.proxyFor(new URL('https://ca.lan/dir'))).toBeUndefined();
});
