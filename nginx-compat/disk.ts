import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { NginxFiles } from './files.ts';

/** No configuration is larger; a log given by mistake may be. */
const largest = 64 * 1024 * 1024;

/** The files of this machine, relative paths below the working folder. */
export function filesOnDisk(): NginxFiles {
  return { read: readText, glob: findFiles };
}

function readText(path: string): string | undefined {
  try {
    return statSync(path).size > largest ? undefined : readFileSync(path, 'utf8');
  } catch (fault) {
    if (isOfTheSystem(fault)) return undefined;
    throw fault;
  }
}

function isOfTheSystem(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && 'syscall' in fault;
}

/** As glob(3) without flags, which nginx calls: names with a leading dot only for patterns with one, sorted by bytes. */
function findFiles(pattern: string): readonly string[] {
  const [first = '', ...rest] = pattern.split('/');
  const start = first === '' ? ['/'] : matches('', first);
  return rest
    .filter((part) => part !== '')
    .reduce((folders, part) => folders.flatMap((folder) => matches(folder, part)), start);
}

function matches(folder: string, part: string): string[] {
  if (!/[*?[]/.test(part)) return existsSync(join(folder, part)) ? [join(folder, part)] : [];
  const expression = expressionOf(part);
  return namesIn(folder || '.')
    .filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.')))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => join(folder, name));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (fault) {
    if (isOfTheSystem(fault)) return [];
    throw fault;
  }
}

/** `*`, `?`, `[a-z]`, `[!a]` and `\x` of one part of a path. */
function expressionOf(part: string): RegExp {
  const source = part.replaceAll(
    /\\(.)|\[([!^]?)(\]?[^\]]*)\]|([*?])|([^])/g,
    (_, escaped?: string, not?: string, set?: string, wild?: string, plain?: string) => {
      if (set !== undefined) return `[${not ? '^' : ''}${set.replaceAll(/[\\\]^[]/g, String.raw`\$&`)}]`;
      if (wild !== undefined) return wild === '*' ? '.*' : '.';
      return (escaped ?? plain ?? '').replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    },
  );
  return new RegExp(`^${source}$`, 'su');
}
