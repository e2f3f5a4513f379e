import { isIP } from 'node:net';
import { hostOf } from '../address.ts';
import type { Check } from '../check.ts';
import { error, ok } from '../finding.ts';

/** Whether the certificate is for this host. RFC 9110 4.3.4: the subject's common name does not count. */
export const certificateNamesCheck: Check = {
  name: 'certificate-names',
  needs: ['tls'],
  run({ base, facts }) {
    const [leaf] = facts.handshake?.chain ?? [];
    if (!leaf) return Promise.resolve([ok('there is none: the address is plain HTTP')]);
    const host = hostOf(base);
    const fits = isIP(host) === 0 ? leaf.checkHost(host, { subject: 'never' }) : leaf.checkIP(host);
    if (fits !== undefined) return Promise.resolve([ok(`the certificate is for ${host}`)]);
    const names = leaf.subjectAltName;
    const what =
      names === undefined
        ? 'the certificate has no subjectAltName, and clients do not look at the common name'
        : `the certificate is not for ${host} but for ${names}`;
    const entry = isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`;
    return Promise.resolve([
      error(
        what,
        `issue it anew with subjectAltName=${entry} (openssl: -addext; Dockgate: add ${host} to "hosts" in dockgate.yaml), or serve another one for this name (nginx: server_name)`,
      ),
    ]);
  },
};
