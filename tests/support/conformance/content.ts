import { createHash } from 'node:crypto';
import { documents, type Document } from './documents.ts';

/** The digest algorithms of OCI image-spec. */
export type Algorithm = 'sha256' | 'sha512';

/** What stands for zero bytes in a row. */
const texts: Readonly<Record<string, string>> = { nothing: '' };

/** A placeholder: letters first, so that the target of a Link is none. */
const placeholder = /<([a-z][^<>]*)>/g;

/**
 * What the placeholders of one playing of a row stand for:
 * `<name>`, `<other>`; `<digest of hello>`, of a text or a document, in the algorithm of the configuration, and
 * `<sha256 of …>`, `<sha512 of …>`; `<tag of …>`, where referrers were listed before OCI 1.1; `<size of …>`; `<bytes of …>`; `<descriptor TYPE of TEXT>`,
 * `<descriptor of DOCUMENT>`, either with ` with "more":"fields"`; and what was captured from replies.
 */
export class Content {
  readonly algorithm: Algorithm;
  readonly #values = new Map<string, string>();
  /** Texts by the digests that were spoken of. */
  readonly #byDigest = new Map<string, string>();

  constructor(algorithm: Algorithm, names: { readonly name: string; readonly other: string }) {
    this.algorithm = algorithm;
    for (const [key, value] of Object.entries(names)) this.#values.set(key, value);
  }

  /** Notes what `<key>` stands for from now on. */
  capture(key: string, value: string): void {
    this.#values.set(key, value);
  }

  /** True for what no placeholder of its own can be. */
  isFree(key: string): boolean {
    return !key.includes(' ') && key !== 'name' && key !== 'other';
  }

  /** The text with its placeholders filled in; throws for one that stands for nothing. */
  render(template: string): string {
    return template.replaceAll(placeholder, (_, inside: string) => this.#valueOf(inside));
  }

  /** A document by its name. */
  document(name: string): Document & { readonly text: string } {
    const document = documents[name];
    if (!document) throw new Error(`there is no document ${name}`);
    return { ...document, text: this.textOf(name) };
  }

  /** The bytes that a document or a text stands for. */
  textOf(what: string): string {
    const document = documents[what];
    // Innermost placeholders first: those of a document's descriptors.
    return document ? this.render(document.json) : (texts[what] ?? what);
  }

  /** The digest of a document or text. */
  digestOf(what: string, algorithm: Algorithm = this.algorithm): string {
    const text = this.textOf(what);
    const digest = `${algorithm}:${createHash(algorithm).update(text).digest('hex')}`;
    this.#byDigest.set(digest, what);
    return digest;
  }

  /** The document or text of a digest that was rendered before; undefined for one that nobody is to have. */
  named(digest: string): string | undefined {
    return this.#byDigest.get(digest);
  }

  #valueOf(inside: string): string {
    const known = this.#values.get(inside);
    if (known !== undefined) return known;
    const [, word, type, what = ''] =
      /^(digest|sha256|sha512|tag|size|bytes|descriptor)(?: (\S+\/\S+))? of (.+)$/s.exec(inside) ?? [];
    switch (word) {
      case 'digest':
        return this.digestOf(what);
      case 'sha256':
      case 'sha512':
        return this.digestOf(what, word);
      case 'tag':
        return this.digestOf(what)
          .replace(':', '-')
          .slice(0, 'sha256-'.length + 64);
      case 'size':
        return String(Buffer.byteLength(this.textOf(what)));
      case 'bytes':
        return this.textOf(what);
      case 'descriptor':
        return this.#descriptor(type, what);
      default:
        throw new Error(`<${inside}> stands for nothing`);
    }
  }

  #descriptor(type: string | undefined, rest: string): string {
    const [what = '', fields] = rest.split(/ with (?=")/, 2);
    const mediaType = type ?? this.document(what).type;
    const size = Buffer.byteLength(this.textOf(what));
    const more = fields === undefined ? '' : `,${fields}`;
    return `{"mediaType":"${mediaType}","digest":"${this.digestOf(what)}","size":${size}${more}}`;
  }
}
