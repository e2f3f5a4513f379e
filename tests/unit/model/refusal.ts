import { expect } from 'vitest';
import { RegistryError, type ErrorKind } from '../../../registry/model/index.ts';

/** The refusal that `work` throws; fails the test when it throws none, or one of another kind. */
export function refusalOf(work: () => unknown, kind: ErrorKind): RegistryError {
  let thrown: unknown;
  try {
    expect.fail(`expected ${kind}, but it answered ${JSON.stringify(work())}`);
  } catch (fault) {
    thrown = fault;
  }
  if (!(thrown instanceof RegistryError)) throw thrown;
  expect(thrown.kind).toBe(kind);
  return thrown;
}
