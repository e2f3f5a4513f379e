import type { X509Certificate } from 'node:crypto';
import type { Check } from '../check.ts';
import { error, ok, warning, type Remark } from '../finding.ts';
import type { Visit } from '../visit.ts';
import { inLargeUnits } from './clock.ts';

/** In ms: long enough for somebody to act. */
const soon = 14 * 24 * 3_600_000;

/** Whether every certificate that was shown is valid now, and for a while. */
export const certificateDatesCheck: Check = {
  name: 'certificate-dates',
  needs: ['tls'],
  run({ facts, now }) {
    const { handshake, skew = 0 } = facts;
    if (!handshake) return Promise.resolve([ok('there is none: the address is plain HTTP')]);
    const remarks = handshake.chain.flatMap((each) => judge(each, now(), skew));
    const [leaf] = handshake.chain;
    return Promise.resolve(
      remarks.length > 0 ? remarks : [ok(`the certificate is valid until ${leaf.validToDate.toISOString()}`)],
    );
  },
};

function judge(certificate: X509Certificate, now: number, skew: Visit['facts']['skew'] & number): Remark[] {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  const whose = `the certificate of ${commonName(certificate)}`;
  const atServer = now - skew;
  if ((now < from || now > to) && atServer >= from && atServer <= to)
    return [
      error(
        `${whose} is valid by the server's clock and not by this machine's, which says ${new Date(now).toISOString()}`,
        'set the clock of the machine that is wrong: see the check "clock"',
      ),
    ];
  if (now > to)
    return [
      error(
        `${whose} has expired at ${certificate.validToDate.toISOString()}`,
        'renew it and reload what serves it (nginx: ssl_certificate, then "nginx -s reload"; Dockgate renews its own, see tls in dockgate.yaml)',
      ),
    ];
  if (now < from)
    return [
      error(
        `${whose} is not valid before ${certificate.validFromDate.toISOString()}`,
        'issue it anew with a begin in the past (Dockgate leaves a day), or correct the clock of the machine that issued it',
      ),
    ];
  // A certificate that lives for six days is renewed late in its life.
  if (to - now > Math.min(soon, (to - from) / 5)) return [];
  return [
    warning(
      `${whose} expires in ${inLargeUnits(to - now)}`,
      'renew it now, and see why it was not renewed by itself (nginx: ssl_certificate; Dockgate: its log, "certificate")',
    ),
  ];
}

/** What people call a certificate by. */
export function commonName({ subject }: Pick<X509Certificate, 'subject'>): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? (subject.replaceAll('\n', ', ') || 'no name');
}
