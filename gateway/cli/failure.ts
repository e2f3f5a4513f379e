import { ConfigErrors } from '../config/index.ts';

/** A command that could not do its work, in words for who gave it; exit code 1, or 2 for wrong usage. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.exitCode = exitCode;
  }
}

/** By their names: a command that throws none of them would load the engine only to know that. */
const mendable = new Set(['AccountError', 'CertificateError', 'ListenError']);

/** Runs `work`; faults that a person can mend become a Failure without a stack. */
export async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof ConfigErrors)
      throw new Failure(`the configuration has mistakes:\n${fault.message}`, 2, fault);
    if (fault instanceof Error && mendable.has(fault.name)) throw new Failure(fault.message, 1, fault);
    throw fault;
  }
}
