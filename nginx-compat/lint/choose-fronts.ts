import type { Directive, NginxFiles, Parsed } from '../parse.ts';
import type { Reading, Server } from '../reading/index.ts';
import { frontOf, type Front } from './front.ts';
import { dirname } from 'node:path/posix';

/** From sure to likely. */
const signs = [
  /(^|[^\w])v2\b|docker|registry|harbor|distribution\b|\boci\b/i,
  /nexus|artifactory|\brepo|container|image|quay|hub\b|gitlab/i,
];

/**
 * The servers that stand in front of a registry: of those that pass on `/v2/…`, or may, the ones with the surest signs, so
 * that other sites in the same file are left alone. Without any sign it is all of them.
 */
export function chooseFronts(reading: Reading, parsed: Parsed, files: NginxFiles): readonly Front[] {
  const folder = dirname(parsed.files[0] ?? '');
  const fronts = reading.servers
    .map((server) => frontOf(server, reading, files, folder))
    .filter((front) => front.passed().length > 0 || front.to('read manifest').kind === 'unknown');
  const chosen = signs
    .map((sign) => fronts.filter(({ server }) => sign.test(wordsOf(server, reading))))
    .find((some) => some.length > 0);
  return chosen ?? fronts;
}

function wordsOf({ scope }: Server, { upstreams }: Reading): string {
  const text = inWords(scope.directives);
  const used = [...upstreams.values()].filter(({ name }) => name !== '' && text.includes(name));
  return [text, ...used.map(({ directives }) => inWords(directives))].join('\n');
}

function inWords(directives: readonly Directive[]): string {
  return directives
    .map(({ args, block = [] }) => `${args.map(({ text }) => text).join(' ')}\n${inWords(block)}`)
    .join('\n');
}
