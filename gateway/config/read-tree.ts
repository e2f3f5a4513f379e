import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Alias, Document, Scalar, YAMLMap } from 'yaml';
import { BadValue, printPath } from './errors.ts';
import type { Path, Problem } from './errors.ts';
import { expand } from './expand.ts';
import type { Environment } from './expand.ts';
import { isMapping } from './mappings.ts';
import { Places } from './places.ts';
import { syntaxMistakes } from './syntax.ts';

/** A mistake in the text itself; its line is known at once. */
type TextProblem = Omit<Problem, 'file'>;

/** What a YAML text says, and where it says so. */
export interface Tree {
  /** Plain mappings, lists, text, numbers, booleans and null; variables are expanded. */
  readonly value: unknown;
  readonly places: Places;
  /** Broken syntax, keys given twice, variables that are not set. */
  readonly problems: readonly TextProblem[];
}

/**
 * Reads YAML 1.2. A broken text gives the parts that could be read, and a mistake for each that could not.
 * Variables are expanded in values after parsing, so that no value can change the structure.
 */
export function readTree(text: string, env: Environment): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const reader = new TreeReader(document, new Places(lines), env);
  const value = reader.read(document.contents, []);
  if (reader.places.intact && value !== null && !isMapping(value)) {
    reader.problems.push({
      ...reader.places.at(0),
      path: '',
      message: 'a configuration is a mapping, key: value',
    });
  }
  for (const { offset, unclosed, message } of syntaxMistakes(document)) {
    // The parser repeats itself on a line while it looks for a place to go on.
    if (!reader.places.breakAt(offset)) continue;
    const start = unclosed ? reader.places.startBefore(offset) : offset;
    reader.problems.push({ ...reader.places.at(start), path: '', message });
  }
  return { value, places: reader.places, problems: reader.problems };
}

class TreeReader {
  readonly places: Places;
  readonly problems: TextProblem[] = [];
  readonly #document: Document;
  readonly #env: Environment;
  /** The collections around the node being read: an alias to one of them would never end. */
  readonly #around = new Set<unknown>();

  constructor(document: Document, places: Places, env: Environment) {
    this.#document = document;
    this.places = places;
    this.#env = env;
  }

  read(node: unknown, path: Path): unknown {
    if (isAlias(node)) return this.#alias(node, path);
    if (isScalar(node)) return this.#scalar(node, path);
    if (!isMap(node) && !isSeq(node)) return null;
    this.#around.add(node);
    const value = isMap(node)
      ? this.#map(node, path)
      : node.items.map((item, index) => this.#item(item, path, index));
    this.#around.delete(node);
    return value;
  }

  #map(node: YAMLMap, path: Path): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? keyText(key) : '';
      const at = [...path, name];
      // Assigning __proto__ would change the mapping itself.
      if (name === '' || name === '__proto__') this.#report(at, offsetOf(key), 'a key must be a plain name');
      else if (Object.hasOwn(entries, name))
        entries[name] = this.#again(entries[name], value, at, offsetOf(key));
      else entries[name] = this.#entry(value, at, offsetOf(key));
    }
    return entries;
  }

  #entry(node: unknown, path: Path, keyOffset: number): unknown {
    // A value that begins on a later line than its key is looked for there.
    this.places.note(path, isScalar(node) && node.source ? offsetOf(node) : keyOffset);
    return this.read(node, path);
  }

  /** A section given twice is read twice, so that one report holds the mistakes of both. */
  #again(first: unknown, node: unknown, path: Path, keyOffset: number): unknown {
    const line = this.places.locate(path)?.line ?? 0;
    this.#report(path, keyOffset, `is given twice, first on line ${line}; keep one`);
    const second = this.read(node, path);
    return isMapping(first) && isMapping(second) ? { ...second, ...first } : first;
  }

  #item(node: unknown, path: Path, index: number): unknown {
    const at = [...path, index];
    this.places.note(at, offsetOf(node));
    return this.read(node, at);
  }

  #alias(node: Alias, path: Path): unknown {
    const target = node.resolve(this.#document);
    if (target !== undefined && !this.#around.has(target)) return this.read(target, path);
    const fault = target === undefined ? 'has no anchor before it' : 'contains itself';
    this.#report(path, offsetOf(node), `*${node.source} ${fault}`);
    this.places.spoil(path);
    return null;
  }

  #scalar(node: Scalar, path: Path): unknown {
    if (typeof node.value !== 'string') return node.value;
    try {
      const value = expand(node.value, this.#env);
      if (value !== node.value) this.places.conceal(path, value, node.value);
      return value;
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#report(path, offsetOf(node), error.message);
      this.places.spoil(path);
      return node.value;
    }
  }

  #report(path: Path, offset: number, message: string): void {
    this.problems.push({ ...this.places.at(offset), path: printPath(path), message });
  }
}

/** The key as written: 8001 and 1.10 are numbers in YAML, and names here. */
function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
