import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultFile } from './defaults.ts';
import { ConfigErrors } from './errors.ts';

/** The text of a configuration file. */
export interface Source {
  /** The file as the user named it, for messages. */
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

/**
 * Reads the named file, or `dockgate.yaml` in the folder `cwd` if there is one; undefined: there is none.
 * Throws ConfigErrors with one problem when the file cannot be read.
 */
export async function readSource(named: string | undefined, cwd: string): Promise<Source | undefined> {
  const name = named ?? defaultFile;
  const file = path.resolve(cwd, name);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
    return { name, file, text };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && named === undefined) return undefined;
    throw new ConfigErrors([{ file: name, path: '', message: explain(code) }]);
  }
}

function explain(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file; name another with --config, or leave it out to run with the defaults';
    case 'EISDIR':
      return 'is a directory; name the file in it';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read by this user; change its owner or its permissions';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text; save it in that encoding';
    default:
      return `cannot be read: ${code}`;
  }
}
