/** Something did not answer until a check had to end. */
export class Silence extends Error {
  override readonly name = 'Silence';

  /** `what`: `GET /v2/ was not answered`. */
  constructor(what: string, cause: unknown) {
    super(what, { cause });
  }
}

/** True when a signal has ended because of time, and not because somebody wanted it. */
export function isTimedOut({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DOMException && reason.name === 'TimeoutError';
}
