import type { Shown } from '../certificates-shown.ts';

/** One certificate as people read it. */
export function inLines(shown: Shown): string {
  const { role, subject, issuer, names, notBefore, notAfter, fingerprint, daysLeft, due, file, served } =
    shown;
  const life = daysLeft < 0 ? 'expired' : `${daysLeft} days left`;
  const facts: readonly (readonly [string, string])[] = [
    ['subject', subject],
    ...(issuer === subject ? [] : [['issuer', issuer] as const]),
    ...(names.length === 0 ? [] : [['names', names.join(', ')] as const]),
    ['valid', `${day(notBefore)} to ${day(notAfter)}, ${life}`],
    ['fingerprint', fingerprint],
    ...(due === undefined ? [] : [[role === 'server' ? 'renewal' : 'takes over', day(due)] as const]),
    ['file', file],
    ...served.map((place) => ['served', place] as const),
  ];
  return `${role}\n${facts.map(([name, value]) => `  ${name.padEnd(11)}  ${value}\n`).join('')}`;
}

/** The day of a time in ISO 8601: `2026-11-21`. */
export function day(time: string): string {
  return time.slice(0, 10);
}
