import { RegistryError } from '../../model/index.ts';

/** True when the fault says that a file is not there. */
export function isMissing(fault: unknown): boolean {
  return codeOf(fault) === 'ENOENT';
}

/** The fault in words for clients where there is something to say, else the fault itself. */
export function explain(fault: unknown): unknown {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(fault))
    ? new RegistryError('storageFull', { cause: fault })
    : fault;
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault ? String(fault.code) : '';
}
