import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { Answers } from './answers.ts';
import { explain } from './faults.ts';
import type { Changes } from './changes.ts';
import { whenFree } from './patience.ts';

/** How much a commit is worth: `full` survives a power cut, `normal` only the end of the process. */
export type Durability = 'full' | 'normal';

/** What a connection is for. */
export interface ConnectionUse {
  readonly file: string;
  readonly durability: Durability;
  /** A reader remembers answers until something changes, which the writers tell it of. */
  readonly role: 'reader' | 'writer';
  readonly changes: Changes;
}

interface Prepared {
  readonly statement: StatementSync;
  readonly answersRows: boolean;
  readonly answers: Answers;
}

/** One connection of node:sqlite in kysely's words; remembers the statements that it prepared. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  readonly #use: ConnectionUse;
  readonly #version: StatementSync;
  #seen: unknown;

  /** Opens the file in WAL mode; throws what SQLite says. */
  constructor(use: ConnectionUse) {
    this.#use = use;
    this.#database = new DatabaseSync(use.file, { timeout: 5000 });
    // In WAL mode FULL syncs the log at each commit, NORMAL only at checkpoints.
    this.run('PRAGMA journal_mode = WAL');
    this.run(`PRAGMA synchronous = ${use.durability}`);
    this.run('PRAGMA foreign_keys = ON');
    // The pragmas above have waited if need be; what writes waits outside, where it does not stop the process.
    if (use.role === 'writer') this.run('PRAGMA busy_timeout = 0');
    this.#version = this.#database.prepare('PRAGMA data_version');
  }

  /** False once SQLite has rolled back by itself, as it does on a full disk. */
  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Runs statements that answer nothing. Throws `storageFull`. */
  run(sql: string): void {
    try {
      this.#database.exec(sql);
    } catch (fault) {
      throw explain(fault);
    } finally {
      this.#use.changes.note();
    }
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#use.role !== 'reader') return whenFree(() => this.#write(query));
    // An exception of a synchronous statement must reach the caller as a rejection.
    return new Promise((resolve) => {
      resolve(this.#read<Row>(query));
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- kysely's interface is asynchronous
  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.#prepare(query.sql).statement.iterate(...parametersOf(query))) {
      yield { rows: [row as Row] };
    }
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #read<Row>(query: CompiledQuery): QueryResult<Row> {
    this.#forgetWhenChanged();
    const { statement, answers } = this.#prepare(query.sql);
    let rows = answers.recall(query.parameters);
    if (!rows) {
      rows = statement.all(...parametersOf(query));
      answers.remember(query.parameters, rows);
    }
    return { rows: rows as Row[] };
  }

  #write<Row>(query: CompiledQuery): QueryResult<Row> {
    const { statement, answersRows } = this.#prepare(query.sql);
    try {
      if (answersRows) return { rows: statement.all(...parametersOf(query)) as Row[] };
      return { rows: [], numAffectedRows: BigInt(statement.run(...parametersOf(query)).changes) };
    } catch (fault) {
      throw explain(fault);
    } finally {
      this.#use.changes.note();
    }
  }

  /** SQLite's own mark of what other connections have committed, in this process and others. */
  #forgetWhenChanged(): void {
    if (!this.#use.changes.mustLook()) return;
    const version = this.#version.get()?.data_version;
    if (version === this.#seen) return;
    this.#seen = version;
    for (const { answers } of this.#prepared.values()) answers.forget();
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (!prepared) {
      const statement = this.#database.prepare(sql);
      prepared = { statement, answersRows: statement.columns().length > 0, answers: new Answers() };
      // Lists of changing length make new texts; those are rare, and so is starting over.
      if (this.#prepared.size >= 500) this.#prepared.clear();
      this.#prepared.set(sql, prepared);
    }
    return prepared;
  }
}

function parametersOf(query: CompiledQuery): readonly SQLInputValue[] {
  return query.parameters as readonly SQLInputValue[];
}
