import type { Finding } from './errors.ts';
import { unknownKey } from './fields.ts';
import { didYouMean } from './suggest.ts';

/** The findings without those that a key is missing which is there under a misspelt name: that is one mistake. */
export function countMisspeltOnce(findings: readonly Finding[]): Finding[] {
  const unknown = findings.filter(({ message }) => message.startsWith(unknownKey));
  return findings.filter(
    (finding) => !isMissing(finding) || !unknown.some((other) => isMeantBy(finding, other)),
  );
}

function isMissing({ message }: Finding): boolean {
  return message.startsWith('is missing');
}

function isMeantBy({ path: missing }: Finding, { path: found }: Finding): boolean {
  const siblings =
    missing.length === found.length && missing.slice(0, -1).every((key, index) => key === found[index]);
  return siblings && didYouMean(String(found.at(-1)), [String(missing.at(-1))]) !== '';
}
