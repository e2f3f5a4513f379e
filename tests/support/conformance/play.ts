import { expect } from 'vitest';
import { checkEveryReply } from './every-reply.ts';
import { hold } from './hold.ts';
import type { Algorithm } from './content.ts';
import { Content } from './content.ts';
import type { Door, Got, Send, Sent } from './door.ts';
import type { HeaderLine, Message, Row, Step } from './row.ts';

/** What a row is played against. */
export interface Stage {
  readonly algorithm: Algorithm;
  /** Where requests go. */
  readonly door: Door;
  /** Where the content is put that a row begins with. */
  readonly source: Door;
  /** True to read all of that content through the door first, as a cache that has it. */
  readonly warm?: boolean;
}

/** Headers that differ from one reply to the next. */
const changing = new Set(['date', 'x-request-id', 'age', 'connection', 'keep-alive']);

/** Puts what the row holds, sends its requests and compares the replies; `number` makes its names its own. */
export async function play(row: Row, stage: Stage, number: number): Promise<void> {
  const { algorithm, door, source } = stage;
  const names = { name: `conformance/row-${number}`, other: `conformance/row-${number}/a__b--c/d.e_f` };
  const content = new Content(algorithm, names);
  const list = Object.values(names);
  const put = await source.open(list);
  const held: string[] = [];
  for (const each of row.holds) held.push(await hold(put, content, each));
  const send = await door.open(list);
  if (stage.warm) for (const path of held) await send({ method: 'GET', path, headers: [], body: undefined });
  for (const step of row.steps) await playStep(step, send, content);
}

async function playStep({ request, reply }: Step, send: Send, content: Content): Promise<void> {
  const sent = renderRequest(request, content);
  const got = await send(sent);
  checkEveryReply(sent, got);
  check(sent, got, reply, content);
  if (sent.method === 'GET' && !sent.headers.some(([name]) => name === 'Range'))
    await checkHead(sent, got, send);
}

function renderRequest({ start, headers, body }: Message, content: Content): Sent {
  const [method = '', path = ''] = content.render(start).split(' ');
  const rendered = headers.map(([name, value]): HeaderLine => [name, content.render(value)]);
  const text = body === undefined ? undefined : content.render(body);
  const told = rendered.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
  const length: HeaderLine[] =
    told || text === undefined ? [] : [['Content-Length', String(Buffer.byteLength(text))]];
  return { method, path, headers: [...rendered, ...length], body: text };
}

function check(sent: Sent, got: Got, reply: Message, content: Content): void {
  const where = `${sent.method} ${sent.path}\n${got.body.toString('utf8').slice(0, 600)}`;
  for (const [name, value] of reply.headers) {
    const key = /^<([^>]+)>$/.exec(value)?.[1];
    const found = valuesOf(got, name)[0];
    if (key !== undefined && content.isFree(key) && found !== undefined) content.capture(key, found);
  }
  const names = [...new Set(reply.headers.map(([name]) => name))];
  const wanted = names.map((name) =>
    reply.headers.filter((line) => line[0] === name).map(([, value]) => value),
  );
  const seen = names.map((name, at) => seenAs(wanted[at] ?? [], valuesOf(got, name), content));
  const shown = (values: readonly (readonly string[])[]): Record<string, unknown> =>
    Object.fromEntries(names.map((name, at) => [name, values[at]]));
  expect({ status: String(got.status), ...shown(seen) }, where).toEqual({
    status: reply.start,
    ...shown(wanted.map((values) => values.map((value) => shownAs(value, content)))),
  });
  checkBody(sent, got, reply.body, content, where);
}

/** `*` is any value, `-` none at all, `/…/` one that matches. */
function seenAs(wanted: readonly string[], found: readonly string[], content: Content): string[] {
  if (wanted[0] === '-') return found.length === 0 ? ['-'] : [...found];
  return found.map((value, at) => {
    const want = wanted[at] ?? '';
    const pattern = /^\/(.*)\/$/.exec(want)?.[1];
    const fits = want === '*' || (pattern !== undefined && new RegExp(content.render(pattern)).test(value));
    return fits ? shownAs(want, content) : value;
  });
}

function shownAs(wanted: string, content: Content): string {
  return wanted === '*' || /^\/.*\/$/.test(wanted) ? wanted : content.render(wanted);
}

/** Text is compared byte for byte, `{…}` as JSON that may say more, `= {…}` as JSON that may not. */
function checkBody(
  { method }: Sent,
  { status, body }: Got,
  wanted: string | undefined,
  content: Content,
  where: string,
): void {
  if (method === 'HEAD' || status === 204 || status === 304) expect(body.byteLength, where).toBe(0);
  if (wanted === undefined) return;
  const text = content.render(wanted.replace(/^= /, ''));
  if (wanted.startsWith('= ')) expect(JSON.parse(body.toString('utf8')), where).toEqual(JSON.parse(text));
  else if (wanted.startsWith('{'))
    expect(JSON.parse(body.toString('utf8')), where).toMatchObject(JSON.parse(text) as object);
  else expect(body.equals(Buffer.from(text)), `the bytes are not those expected: ${where}`).toBe(true);
}

/** HEAD says what GET says, without the body. RFC 9110 9.3.2; OCI distribution-spec, "Checking if content exists". */
async function checkHead(sent: Sent, got: Got, send: Send): Promise<void> {
  const head = await send({ ...sent, method: 'HEAD' });
  const facts = ({ status, headers }: Got): unknown => ({
    status,
    headers: headers
      .map(([name, value]) => [name.toLowerCase(), value])
      .filter(([name = '']) => !changing.has(name))
      .sort(),
  });
  expect(facts(head), `HEAD ${sent.path} differs from GET`).toEqual(facts(got));
  expect(head.body.byteLength).toBe(0);
}

function valuesOf({ headers }: Got, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}
