import type { Directive, Position } from '../parse.ts';

/** What becomes of a directive: it is in the result, it need not be, or Dockgate cannot do it. */
export type Verdict = 'mapped' | 'not-needed' | 'unsupported';

/** A verdict with its reason; for what is not supported, what to do. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly text: string;
}

/** What was decided about directives while the result was made. */
export class Decisions {
  readonly #byDirective = new Map<Directive, Judgement>();
  readonly #directives: ReadonlyMap<Position, Directive>;

  constructor(directives: readonly Directive[]) {
    this.#directives = new Map(positionsOf(directives));
  }

  /** Notes a judgement about the directive at a position, or with a word there. The gravest verdict stays. */
  note(at: Position, verdict: Verdict, text: string): void {
    const directive = this.#directives.get(at);
    if (directive === undefined) return;
    const before = this.#byDirective.get(directive);
    if (before?.text.includes(text)) return;
    this.#byDirective.set(directive, {
      verdict: before && gravity[before.verdict] > gravity[verdict] ? before.verdict : verdict,
      text: before ? `${before.text}; ${text}` : text,
    });
  }

  /** Whether a server block begins there; the inside of one, which is a file of its own, begins with another word. */
  isServer(at: Position): boolean {
    return this.#directives.get(at)?.name === 'server';
  }

  of(directive: Directive): Judgement | undefined {
    return this.#byDirective.get(directive);
  }
}

const gravity: Readonly<Record<Verdict, number>> = { 'not-needed': 0, mapped: 1, unsupported: 2 };

function* positionsOf(directives: readonly Directive[]): Iterable<readonly [Position, Directive]> {
  for (const directive of directives) {
    yield [directive.at, directive];
    for (const { at } of directive.args) yield [at, directive];
    yield* positionsOf(directive.block ?? []);
  }
}
