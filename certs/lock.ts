import { chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateError } from './certificate-error.ts';
import { cannotWrite } from './keep.ts';

const BETWEEN_TRIES = 25; // milliseconds
const TRIES = 2_400;
const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process (nor another call in this one) does the same in this folder; waits a minute for
 * its turn. Node has no flock, and a lock file of our own would outlive a killed process, so an empty SQLite database
 * is locked instead: the operating system frees that lock whatever ends the process. Throws a CertificateError when
 * the turn does not come or the folder cannot be written.
 */
export async function whileLocked<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const database = openIn(directory);
  try {
    for (let tries = 0; !locked(database, directory); tries += 1) {
      if (tries === TRIES) {
        throw new CertificateError(
          `another process has locked ${directory}: end the other Dockgate that uses it`,
        );
      }
      await sleep(BETWEEN_TRIES);
    }
    return await work();
  } finally {
    database.close();
  }
}

/** Runs `work` as `whileLocked` does, but not at all, for undefined, when another does it just now. */
export async function unlessLocked<T>(directory: string, work: () => Promise<T>): Promise<T | undefined> {
  const database = openIn(directory);
  try {
    return locked(database, directory) ? await work() : undefined;
  } finally {
    database.close();
  }
}

function openIn(directory: string): DatabaseSync {
  const path = join(directory, '.lock');
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    giveToOwner(path, directory);
    return database;
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/**
 * Who may only read the file gets a lock that others get at the same time, so what root makes has to be the owner's. By
 * its path: to open and close it here would free the lock of another call in this process (fcntl(2)).
 */
function giveToOwner(path: string, directory: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  if (statSync(path).uid === uid) return;
  try {
    chownSync(path, uid, gid);
  } catch {
    // An owner whom a container does not know (user_namespaces(7)) runs no gateway beside us.
  }
}

function locked(database: DatabaseSync, directory: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw cannotWrite(directory, error);
  }
}
