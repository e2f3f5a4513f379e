/** What an ACME server says of a request that it refuses (RFC 8555, 6.7; RFC 7807). */
export interface Problem {
  /** The last part of the type, `rateLimited`; empty when there is none. */
  type: string;
  /** For people, on one line. */
  detail: string;
  /** A page on which somebody has to do something; undefined when there is none. */
  instance?: string | undefined;
}

/** Why there is no certificate; `cause` has more where it helps. */
export class AcmeFailure extends Error {
  override readonly name = 'AcmeFailure';
  /** The server was reached and judged: to ask again soon brings nothing and may be counted against us. */
  readonly isJudged: boolean;
  /** When it wants to be asked again, as an instant in milliseconds. */
  readonly retryAt: number | undefined;
  /** What the server said. */
  readonly problem: Problem | undefined;
  /** The names that it was about; the others may be ordered without them. */
  readonly names: readonly string[];

  constructor(
    message: string,
    how: {
      isJudged: boolean;
      retryAt?: number | undefined;
      problem?: Problem | undefined;
      names?: readonly string[];
      cause?: unknown;
    },
  ) {
    super(message, { cause: how.cause });
    this.isJudged = how.isJudged;
    this.retryAt = how.retryAt;
    this.problem = how.problem;
    this.names = how.names ?? [];
  }
}

/** Reads the problem in a value of an answer; subproblems are added to its detail, each with its name. */
export function problemIn(value: unknown): Problem | undefined {
  if (!isRecord(value) || (typeof value.type !== 'string' && typeof value.detail !== 'string'))
    return undefined;
  const { type, detail, instance, subproblems } = value;
  const parts = [detail, ...(Array.isArray(subproblems) ? subproblems.map(partOf) : [])];
  return {
    type: typeof type === 'string' ? (type.split(':').at(-1) ?? '') : '',
    detail: parts
      .filter((part) => typeof part === 'string' && part !== '')
      .map((part) => printable(String(part)))
      .join('; '),
    ...(typeof instance === 'string' && { instance: printable(instance) }),
  };
}

/** Text of somebody else's for a line of a log: no line ends, no control characters, not too long. */
export function printable(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partOf(value: unknown): string {
  const problem = problemIn(value);
  if (problem === undefined || !isRecord(value)) return '';
  const { identifier } = value;
  const name = isRecord(identifier) && typeof identifier.value === 'string' ? `${identifier.value}: ` : '';
  return name + problem.detail;
}
