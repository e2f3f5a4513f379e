import { RegistryError } from '../../model/index.ts';

/** SQLITE_FULL, and SQLITE_IOERR_SHMSIZE, which it is when there is no room for the index of the log. */
const full: readonly unknown[] = [13, 4874];

/** The fault in words for clients where there is something to say, else the fault itself. */
export function explain(fault: unknown): unknown {
  if (!(fault instanceof Error && 'errcode' in fault && full.includes(fault.errcode))) return fault;
  return new RegistryError('storageFull', {
    message: 'the disk of the metadata is full: free space or make it larger',
    cause: fault,
  });
}
