import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** One database by three doors. */
export interface Databases {
  /** For queries. */
  readonly read: Kysely<Tables>;
  /** For what must survive a power cut once it was answered. */
  readonly write: Kysely<Tables>;
  /** For what may be lost with the power: sessions, times, absences. */
  readonly note: Kysely<Tables>;
}
