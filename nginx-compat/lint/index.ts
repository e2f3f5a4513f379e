import type { NginxFiles, Parsed } from '../parse.ts';
import { readNginx } from '../reading/index.ts';
import { chooseFronts } from './choose-fronts.ts';
import type { Finding } from './finding.ts';
import { rules } from './rules.ts';

export type { Finding } from './finding.ts';
export { rules } from './rules.ts';

/**
 * What is wrong with a configuration that stands in front of a registry, in the order of the files. Certificates are
 * read through `files`.
 */
export function lintNginx(parsed: Parsed, files: NginxFiles): readonly Finding[] {
  const reading = readNginx(parsed);
  const found: Finding[] = parsed.problems.map(({ at, message }) => ({
    rule: 'file',
    severity: 'warning',
    at,
    what: message,
    advice: 'lint on the machine where nginx runs, or with the whole folder, so that nothing stays unseen',
  }));
  const fronts = chooseFronts(reading, parsed, files);
  for (const { id, check } of rules)
    found.push(...fronts.flatMap(check).map((remark) => ({ rule: id, ...remark })));
  if (fronts.length === 0) found.push(nothingPassed(parsed));
  return inOrder(withoutRepeats(found), parsed.files);
}

function nothingPassed({ directives, files }: Parsed): Finding {
  const stream = directives.find(({ name }) => name === 'stream');
  if (stream)
    return {
      rule: 'paths',
      severity: 'hint',
      at: stream.at,
      what: '"stream" passes connections on unread: what is asked in them nobody here can see or get wrong',
      advice: 'let "dockgate doctor" go through the address',
    };
  return {
    rule: 'paths',
    severity: 'warning',
    at: directives[0]?.at ?? { file: files[0] ?? '', line: 1, column: 1 },
    what: 'no server passes on "/v2/…", so no registry is behind this file',
    advice:
      'give the file that has the registry\'s server block, or add "location /v2/ { proxy_pass http://…; }"',
  };
}

function withoutRepeats(found: readonly Finding[]): Finding[] {
  const key = ({ rule, at, what }: Finding): string => [rule, at.file, at.line, at.column, what].join('\0');
  return [...new Map(found.map((each) => [key(each), each])).values()];
}

function inOrder(found: readonly Finding[], files: readonly string[]): readonly Finding[] {
  return found.toSorted(
    ({ at: a }, { at: b }) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
