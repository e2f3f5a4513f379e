import type { FetchedAuthority, OfferedCertificate, TrustReport } from '../../certs/index.ts';

/** A difference of clocks that is worth a sentence: below it no certificate notices. */
const NOTABLE = 5 * 60_000;
/** What certificates tolerate for sure. */
const TOLERATED = 24 * 3_600_000;

/** What a server offers, for the person who is to judge it. */
export function describeOffer({ address, offered, clock, plainFailure }: FetchedAuthority): string {
  const how =
    plainFailure === undefined
      ? []
      : [
          `plain HTTP did not give it (${plainFailure}); fetched over HTTPS without verification, so the fingerprint is all there is to go by`,
        ];
  const certificates = offered.flatMap(({ subject, notBefore, notAfter, fingerprint }) => [
    `  subject      ${subject}`,
    `  valid        ${day(notBefore)} to ${day(notAfter)}${outside(notBefore, notAfter)}`,
    `  fingerprint  ${fingerprint}`,
  ]);
  const two =
    offered.length > 1 ? [`${offered.length} certificates, as while an authority is replaced:`] : [];
  return [address, ...how, ...two, ...certificates, ...clockSentence(clock, new URL(address).host), ''].join(
    '\n',
  );
}

/** The two times and what they differ by, when it is more than five minutes, with what comes of it and the way out. */
export function clockSentence(clock: number | undefined, host: string, now = Date.now()): string[] {
  if (clock === undefined || Math.abs(clock) <= NOTABLE) return [];
  const way = clock > 0 ? 'behind' : 'ahead of';
  const outcome =
    Math.abs(clock) > TOLERATED
      ? 'Certificates tolerate a day: clients may refuse this one as not yet valid, or as expired.'
      : 'Certificates tolerate a day, so clients still work.';
  return [
    `The clock of this machine (${second(now)}) is ${span(Math.abs(clock))} ${way} that of ${host} (${second(now + clock)}). ${outcome} Set the wrong one right and keep it right: timedatectl set-ntp true, or chrony.`,
  ];
}

/** One line for each thing done, and one for what has to be restarted. */
export function describeReports(reports: readonly TrustReport[]): string[] {
  return reports.flatMap(({ store, done, restart }) =>
    [...done, restart].map((sentence) => `${store}: ${sentence}`),
  );
}

/** The same for programs; the clock's difference in seconds. */
export function offerInJson(
  { address, offered, clock }: FetchedAuthority,
  installed: readonly OfferedCertificate[],
): object {
  return {
    address,
    certificates: offered.map((each) => ({
      subject: each.subject,
      notBefore: each.notBefore,
      notAfter: each.notAfter,
      fingerprint: each.fingerprint,
      trusted: installed.includes(each),
    })),
    clock: clock === undefined ? null : Math.round(clock / 1000),
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `2026-11-21T07:00:00Z` */
function second(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+/, '');
}

function outside(notBefore: Date, notAfter: Date): string {
  const now = new Date();
  if (now < notBefore) return ', which by the clock of this machine is still to come';
  return now > notAfter ? ', which by the clock of this machine is over' : '';
}

function span(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
