import type { LineCounter } from 'yaml';
import type { Finding, Path } from './errors.ts';

/** Lines and columns from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where each key of a file stands, and which parts of it cannot be trusted. */
export class Places {
  readonly #lines: LineCounter;
  readonly #offsets = new Map<string, number>();
  readonly #spoiled = new Set<string>();
  readonly #brokenLines = new Set<number>();
  readonly #concealed = new Map<string, { value: string; source: string }>();

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** Whether the whole text could be read; if not, what seems to be missing may be there. */
  get intact(): boolean {
    return this.#brokenLines.size === 0;
  }

  /** The place of an offset in the text. */
  at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  note(path: Path, offset: number): void {
    this.#offsets.set(join(path), offset);
  }

  /** Whether a key itself is in the file. */
  has(path: Path): boolean {
    return this.#offsets.has(join(path));
  }

  /** The place of a key, or of the nearest mapping around it that is in the file. */
  locate(path: Path): Place | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsets.get(join(path.slice(0, length)));
      if (offset !== undefined) return this.at(offset);
    }
    return undefined;
  }

  /** What is said about this key from now on would only repeat a mistake that is known. */
  spoil(path: Path): void {
    this.#spoiled.add(join(path));
  }

  /** The text cannot be read here, so the section or entry around it is spoiled. False: its line was known to be. */
  breakAt(offset: number): boolean {
    const { line } = this.at(offset);
    if (this.#brokenLines.has(line)) return false;
    this.#brokenLines.add(line);
    const around = this.#before(offset, 2);
    if (around !== undefined) this.#spoiled.add(around[0]);
    return true;
  }

  /** Where the last key or value before an offset begins. */
  startBefore(offset: number): number {
    return this.#before(offset, Infinity)?.[1] ?? offset;
  }

  /** The last path of at most `depth` keys that begins before an offset. */
  #before(offset: number, depth: number): [string, number] | undefined {
    let last: [string, number] | undefined;
    for (const [path, start] of this.#offsets) {
      if (start < offset && start > (last?.[1] ?? -1) && path.split(separator).length <= depth)
        last = [path, start];
    }
    return last;
  }

  /** Whether a finding here follows from a mistake that is already reported. */
  isDoubtful(path: Path): boolean {
    if (path.some((_, index) => this.#spoiled.has(join(path.slice(0, index + 1))))) return true;
    const place = this.locate(path);
    return place !== undefined && this.#brokenLines.has(place.line);
  }

  /** The value at this key came from the environment: messages show what the file says instead. */
  conceal(path: Path, value: string, source: string): void {
    this.#concealed.set(join(path), { value, source });
  }

  /** The message without the value of a variable. */
  discreet({ path, message }: Finding): string {
    const hidden = this.#concealed.get(join(path));
    return hidden === undefined
      ? message
      : message.replaceAll(`"${hidden.value}"`, () => `"${hidden.source}"`);
  }
}

const separator = '\0';

function join(path: Path): string {
  return path.join(separator);
}
