import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';

/** How much a commit is worth: `full` survives a power cut, `normal` only the end of the process. */
export type Durability = 'full' | 'normal';

/** One connection of node:sqlite in kysely's words; remembers the statements that it prepared. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens `file` in WAL mode; throws what SQLite says. */
  constructor(file: string, durability: Durability) {
    this.#database = new DatabaseSync(file, { timeout: 5000 });
    // In WAL mode FULL syncs the log at each commit, NORMAL only at checkpoints.
    this.run('PRAGMA journal_mode = WAL');
    this.run(`PRAGMA synchronous = ${durability}`);
    this.run('PRAGMA foreign_keys = ON');
  }

  /** Runs statements that answer nothing. */
  run(sql: string): void {
    this.#database.exec(sql);
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    // An exception of a synchronous statement must reach the caller as a rejection.
    return new Promise((resolve) => {
      const statement = this.#prepare(query.sql);
      const parameters = query.parameters as readonly SQLInputValue[];
      if (statement.columns().length > 0) {
        resolve({ rows: statement.all(...parameters) as Row[] });
      } else {
        const { changes } = statement.run(...parameters);
        resolve({ rows: [], numAffectedRows: BigInt(changes) });
      }
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- kysely's interface is asynchronous
  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.#prepare(query.sql).iterate(...(query.parameters as readonly SQLInputValue[]))) {
      yield { rows: [row as Row] };
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      // Lists of changing length make new texts; those are rare, and so is starting over.
      if (this.#statements.size >= 500) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
