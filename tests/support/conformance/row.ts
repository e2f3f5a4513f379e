/** How strongly the specification asks for it. RFC 2119. */
export type Level = 'MUST' | 'SHOULD' | 'MAY';

/** A header as it stands on the wire. */
export type HeaderLine = readonly [name: string, value: string];

/** What is sent or expected, with placeholders still in it; see `Content`. */
export interface Message {
  /** `PUT /v2/<name>/manifests/v1`, or the status. */
  readonly start: string;
  readonly headers: readonly HeaderLine[];
  /** Undefined: none is sent, or it is not looked at. */
  readonly body: string | undefined;
}

/** A request and the reply to it. */
export interface Step {
  readonly request: Message;
  readonly reply: Message;
}

/** One sentence of the specification, and an exchange that shows whether it is kept. */
export interface Row {
  readonly paragraph: string;
  readonly level: Level;
  /** The sentence, about the registry. */
  readonly says: string;
  /** What is there before: `image`, `image:v1`, `blob hello`; `other image:v1` for the other name. */
  readonly holds: readonly string[];
  readonly steps: readonly Step[];
  /** True for what is said only where nothing can be pushed. */
  readonly onReadOnly?: true;
  /** Configurations that cannot show it, by the beginning of their title, and why. */
  readonly notOn: Readonly<Record<string, string>>;
}

/** A row before it is put into its paragraph. */
export type Sentence = Omit<Row, 'paragraph'>;

/** What is above the rows of a table. */
export function paragraph(heading: string, sentences: readonly Sentence[]): readonly Row[] {
  return sentences.map((sentence) => ({ ...sentence, paragraph: heading }));
}

type MakeSentence = (
  says: string,
  holds: readonly string[],
  wire: string,
  notOn?: Readonly<Record<string, string>>,
) => Sentence;

const sentence =
  (level: Level): MakeSentence =>
  (says, holds, wire, notOn = {}) => ({ level, says, holds, steps: parseWire(wire), notOn });

/** A row of each level. */
export const must = sentence('MUST');
export const should = sentence('SHOULD');
export const may = sentence('MAY');

/** True when nothing but GET and HEAD is sent: such rows hold wherever the content can be read. */
export function onlyReads({ steps }: Row): boolean {
  return steps.every(({ request }) => /^(?:GET|HEAD) /.test(request.start));
}

/** Reads lines of `> request` and `< reply`; a line with nothing else ends the headers. Throws for anything else. */
function parseWire(wire: string): readonly Step[] {
  const lines = wire.split('\n').map((line) => line.replace(/^\s+/, ''));
  const blocks: { side: string; lines: string[] }[] = [];
  for (const line of lines.filter(Boolean)) {
    const match = /^([<>])(?: (.*))?$/.exec(line);
    if (!match) throw new Error(`a line of a row begins with neither > nor <: ${line}`);
    const [, side = '', text = ''] = match;
    if (blocks.at(-1)?.side !== side) blocks.push({ side, lines: [] });
    blocks.at(-1)?.lines.push(text);
  }
  const messages = blocks.map((block) => parseMessage(block.lines));
  if (messages.length % 2 !== 0 || blocks[0]?.side !== '>') throw new Error(`no request and reply: ${wire}`);
  return messages.flatMap((request, at) => {
    const reply = messages[at + 1];
    return at % 2 === 0 && reply ? [{ request, reply }] : [];
  });
}

function parseMessage([start = '', ...rest]: readonly string[]): Message {
  const end = rest.indexOf('');
  const head = end < 0 ? rest : rest.slice(0, end);
  const headers = head.map((line): HeaderLine => {
    const colon = line.indexOf(': ');
    if (colon < 0) throw new Error(`a header of a row has no colon: ${line}`);
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { start, headers, body: end < 0 ? undefined : rest.slice(end + 1).join('\n') };
}
