import { createHash, randomUUID } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CertificateError } from '../certificate-error.ts';

/** A file that was written for a host, and what stood there before. */
interface Entry {
  readonly store: string;
  readonly host: string;
  readonly path: string;
  /** SHA-256 of what was written, hexadecimal. */
  readonly written: string;
  /** What was there before, in base64, its permission bits, and where it led as a link; undefined when nothing was. */
  readonly before: { readonly content: string; readonly mode: number; readonly link?: string } | undefined;
}

/** What became of a file. */
export type Change = 'written' | 'unchanged' | 'removed' | 'restored' | 'gone' | 'left';

/** Takes our lines out of a file that somebody changed after us; undefined: nothing of ours can be told apart. */
export type TakeOut = (content: string) => string | undefined;

// Beside what it describes: where /etc is copied, put back or built into an image, this comes along.
const PATH = '/etc/dockgate/trust.json';
/** The folders that were made, by this and by the setup scripts (web/setup/shell), a line for each. */
const FOLDERS = '/etc/dockgate/folders';
/** What the setup scripts remember: they may still need the folders. */
const NOTES = '/etc/dockgate/setup';

/**
 * Writes files of client stores and remembers what it wrote and which folders it made, so that all of it can be taken
 * back. Every path begins with `/` and is looked up under `root`.
 */
export class Ledger {
  readonly #root: string;
  #entries: readonly Entry[];

  private constructor(root: string, entries: readonly Entry[]) {
    this.#root = root;
    this.#entries = entries;
  }

  /** Reads what was remembered under `root`; throws a CertificateError when it cannot be understood. */
  static async open(root: string): Promise<Ledger> {
    const text = await contentOf(join(root, PATH));
    if (text === undefined) return new Ledger(root, []);
    try {
      const { entries } = JSON.parse(text.toString()) as { entries: Entry[] };
      return new Ledger(root, [...entries]);
    } catch (cause) {
      throw new CertificateError(`${PATH} is damaged: move it away, and take back by hand what it names`, {
        cause,
      });
    }
  }

  /** The text of a file; undefined when there is none. */
  async read(path: string): Promise<string | undefined> {
    return (await contentOf(join(this.#root, path)))?.toString();
  }

  /** The stores that have something written for a host. */
  storesOf(host: string): string[] {
    return [...new Set(this.#entries.filter((each) => each.host === host).map(({ store }) => store))];
  }

  /** What stood in a file before it was written first, or stands there now when it was not written. */
  async original(path: string): Promise<string | undefined> {
    const entry = this.#entries.find((each) => each.path === path);
    const present = await this.read(path);
    if (entry === undefined || present === undefined || digestOf(present) !== entry.written) return present;
    return entry.before && Buffer.from(entry.before.content, 'base64').toString();
  }

  /**
   * Gives a file this content (folders 0755) in one step; remembered before it is done. `takeOut` says what is owed back
   * of a file that was written before and changed by somebody since. Such a file keeps what somebody else put there, and
   * so its permissions, since that may be a password; all others are 0644.
   */
  async write(
    store: string,
    host: string,
    path: string,
    content: string,
    takeOut?: TakeOut,
  ): Promise<Change> {
    const full = join(this.#root, path);
    const present = await contentOf(full);
    if (present?.toString() === content) return 'unchanged';
    const known = this.#entries.find((each) => each.path === path);
    // Written again: what was there before the first time is what is owed back, unless somebody else wrote in between.
    const ours = known && present && digestOf(present) === known.written;
    const before = ours ? known.before : present && (await owed(full, present, known && takeOut));
    const mode = present && takeOut ? await permissionsOf(full) : 0o644;
    const entry = { store, host, path, written: digestOf(content), before };
    await this.#makeFolders(dirname(path));
    await this.#remember([...this.#entries.filter((each) => each !== known), entry]);
    await replaceFile(full, content, mode);
    return 'written';
  }

  /** Takes back what was written for a host in a store; `takeOut` is for files that were changed since. */
  async takeBack(
    store: string,
    host: string,
    takeOut: TakeOut = () => undefined,
  ): Promise<{ path: string; change: Change }[]> {
    const mine = this.#entries.filter((each) => each.host === host && each.store === store);
    const done: { path: string; change: Change }[] = [];
    for (const entry of mine.toReversed()) {
      done.push({ path: entry.path, change: await this.#undo(entry, takeOut) });
      await this.#remember(this.#entries.filter((each) => each !== entry));
    }
    return done;
  }

  async #undo({ path, written, before }: Entry, takeOut: TakeOut): Promise<Change> {
    const full = join(this.#root, path);
    const present = await contentOf(full);
    if (present === undefined) return 'gone';
    if (digestOf(present) !== written) {
      const rest = takeOut(present.toString());
      if (rest === undefined) return 'left';
      await replaceFile(full, rest, await permissionsOf(full));
      return 'restored';
    }
    if (before === undefined) {
      await rm(full);
      return 'removed';
    }
    if (before.link === undefined) {
      await replaceFile(full, Buffer.from(before.content, 'base64'), before.mode);
    } else {
      await rm(full);
      await symlink(before.link, full);
    }
    return 'restored';
  }

  /** Removes the folders that were made and are empty, and the records when nothing is left to remember. */
  async tidy(): Promise<void> {
    if (this.#entries.length === 0) await rm(join(this.#root, PATH), { force: true });
    const kept = await this.#removeEmpty(await this.#folders());
    const isOver = this.#entries.length === 0 && (await isEmpty(join(this.#root, NOTES)));
    if (!isOver) return this.#saveFolders(kept);
    await rm(join(this.#root, FOLDERS), { force: true });
    await this.#removeEmpty(kept);
  }

  /** Those that are still there. */
  async #removeEmpty(folders: readonly string[]): Promise<string[]> {
    const kept: string[] = [];
    for (const folder of folders) if (!(await removedEmpty(join(this.#root, folder)))) kept.push(folder);
    return kept;
  }

  /** For nobody else to read: it holds what stood in files that others may not read either. */
  async #remember(entries: readonly Entry[]): Promise<void> {
    this.#entries = entries;
    await this.#makeFolders(dirname(PATH));
    await replaceFile(join(this.#root, PATH), `${JSON.stringify({ entries }, undefined, 2)}\n`, 0o600);
  }

  /** What is in a folder comes before it. */
  async #folders(): Promise<string[]> {
    const text = await this.read(FOLDERS);
    const lines = (text ?? '').split('\n').filter((line) => line !== '');
    return [...new Set(lines)].toSorted().toReversed();
  }

  async #saveFolders(folders: readonly string[]): Promise<void> {
    await replaceFile(join(this.#root, FOLDERS), folders.map((folder) => `${folder}\n`).join(''), 0o644);
  }

  /** Makes a folder and those above it that are missing, and remembers which those are. */
  async #makeFolders(folder: string): Promise<void> {
    const missing: string[] = [];
    for (let each = folder; each !== '/' && !(await isFolder(join(this.#root, each))); each = dirname(each))
      missing.push(each);
    for (const each of missing.toReversed()) {
      const full = join(this.#root, each);
      await mkdir(full).catch(refused(full));
      await chmod(full, 0o755); // Whatever the umask is: clients of other users read it too.
    }
    if (missing.length === 0) return;
    await this.#makeFolders(dirname(FOLDERS));
    await this.#saveFolders([...missing, ...(await this.#folders())]);
  }
}

async function owed(
  path: string,
  present: Buffer,
  takeOut: TakeOut = () => undefined,
): Promise<NonNullable<Entry['before']>> {
  const content = Buffer.from(takeOut(present.toString()) ?? present).toString('base64');
  const link = await readlink(path).catch(() => undefined);
  return { content, mode: await permissionsOf(path), ...(link !== undefined && { link }) };
}

function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return refused(path)(cause);
  }
}

async function permissionsOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** In one step, so that a client never reads half a certificate. */
async function replaceFile(path: string, content: string | Buffer, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.dockgate`);
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: 0o600 });
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    refused(path)(cause);
  }
}

/** Whether nothing is in a folder, which need not be there. */
async function isEmpty(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length === 0;
}

/** Whether the folder is gone; false when something is in it. */
async function removedEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function refused(path: string): (cause: unknown) => never {
  return (cause) => {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    const wayOut =
      code === 'EACCES' || code === 'EPERM' ? 'run it as root, for example with sudo' : 'make room for it';
    throw new CertificateError(`cannot write ${path} (${code}): ${wayOut}`, { cause });
  };
}
