import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
} from 'kysely';
import type { Changes } from './changes.ts';
import { SqliteConnection, type Durability } from './connection.ts';
import { whenFree } from './patience.ts';
import type { Turn } from './turn.ts';

/** What a dialect serves: reading needs no turn, writing takes one for each query or transaction. */
export interface SqliteUse {
  readonly file: string;
  readonly durability: Durability;
  /** Given to everything that writes, the same one throughout the process. */
  readonly turn?: Turn;
  /** Given to all, the same one throughout the process. */
  readonly changes: Changes;
}

/** kysely over Node's own SQLite, one connection. */
export class SqliteDialect implements Dialect {
  readonly #use: SqliteUse;

  constructor(use: SqliteUse) {
    this.#use = use;
  }

  createDriver(): Driver {
    return new SqliteDriver(this.#use);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new TransactionalAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/**
 * kysely runs the migrations of SQLite outside a transaction; SQLite can do better, and must where two processes start
 * at once on an empty folder or one ends in the middle. https://sqlite.org/lang_transaction.html
 */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SqliteDriver implements Driver {
  readonly #use: SqliteUse;
  #connection: SqliteConnection | undefined;
  #endTurn: (() => void) | undefined;

  constructor(use: SqliteUse) {
    this.#use = use;
  }

  init(): Promise<void> {
    const role = this.#use.turn ? 'writer' : 'reader';
    this.#connection = new SqliteConnection({ ...this.#use, role });
    return Promise.resolve();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#use.turn) this.#endTurn = await this.#use.turn.take();
    return this.#open;
  }

  releaseConnection(): Promise<void> {
    this.#endTurn?.();
    return Promise.resolve();
  }

  beginTransaction(): Promise<void> {
    // A deferred transaction that reads before it writes loses to another process and fails; this one waits.
    return whenFree(() => {
      this.#open.run('BEGIN IMMEDIATE');
    });
  }

  commitTransaction(): Promise<void> {
    return this.#run('COMMIT');
  }

  async rollbackTransaction(): Promise<void> {
    // A complaint that there is nothing to roll back would hide why.
    if (this.#open.isInTransaction) await this.#run('ROLLBACK');
  }

  destroy(): Promise<void> {
    this.#connection?.close();
    return Promise.resolve();
  }

  get #open(): SqliteConnection {
    if (!this.#connection) throw new Error('the metadata is not open');
    return this.#connection;
  }

  #run(sql: string): Promise<void> {
    return new Promise((resolve) => {
      this.#open.run(sql);
      resolve();
    });
  }
}
