import { expect, test } from 'vitest';
import { mediaTypes, parseDigest, referrersTag } from '../../../registry/model/index.ts';
import { failureOf } from './outcome.ts';
import { digestOf, name, reply, startScripted, upstreamAt, type Script } from './scripted.ts';

const subject = digestOf('subject');
const list = `/v2/library/nginx/referrers/${subject}`;
const tagged = `/v2/library/nginx/manifests/sha256-${subject.slice(7)}`;
const index = { 'content-type': mediaTypes.ociIndex };

const entry = (of: string, more: object = {}): object => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(of),
  size: 7,
  ...more,
});
const read = (of: string, more: object = {}): object => ({
  ...entry(of),
  artifactType: undefined,
  annotations: {},
  ...more,
});
const indexOf = (...manifests: readonly unknown[]): string => JSON.stringify({ schemaVersion: 2, manifests });

/** Answers by path; 404 for the others. */
const answering =
  (answers: Readonly<Record<string, (...of: Parameters<Script>) => void>>): Script =>
  (request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer) answer(request, response);
    else reply(response, 404, {}, '{"errors":[]}');
  };

const sending =
  (body: string, headers: Record<string, string> = {}, status = 200): Script =>
  (_, response) => {
    reply(response, status, { ...index, ...headers }, body);
  };

test('descriptors come with their types and annotations, those that cannot be used are left out', async () => {
  const more = { artifactType: 'application/x.sbom', annotations: { made: 'today' } };
  const body = indexOf(
    entry('a', more),
    entry('b', { annotations: { wrong: 7 }, artifactType: '' }),
    entry('c', { digest: 'sha256:short' }),
    entry('d', { size: -1 }),
    null,
    'text',
  );
  const server = await startScripted(answering({ [list]: sending(body) }));
  expect(await upstreamAt(server.url).listReferrers(name, subject)).toEqual([read('a', more), read('b')]);
  expect(server.seen.map(({ url }) => url)).toEqual([list]);
  expect(server.seen[0]?.headers.accept).toBe(mediaTypes.ociIndex);
});

test('pages are followed until there is no next, at the same origin only', async () => {
  const other = await startScripted(answering({ [list]: sending(indexOf(entry('evil'))) }));
  const server = await startScripted(
    answering({
      [list]: sending(indexOf(entry('a')), { link: `<${list}?p=2>; rel="next"` }),
      [`${list}?p=2`]: sending(indexOf(entry('b')), { link: `<${other.url}${list}>; rel="next"` }),
    }),
  );
  expect(await upstreamAt(server.url).listReferrers(name, subject)).toEqual([read('a'), read('b')]);
  expect(other.seen).toEqual([]);
});

test('a list that does not end, or breaks off, is a failure', async () => {
  const endless = sending(indexOf(entry('a')), { link: `<${list}>; rel="next"` });
  const server = await startScripted(answering({ [list]: endless }));
  await failureOf(upstreamAt(server.url).listReferrers(name, subject), 'bad-answer');
  expect(server.seen).toHaveLength(50);
  const broken = sending(indexOf(entry('a')), { link: `<${list}?p=2>; rel="next"` });
  const other = await startScripted(answering({ [list]: broken }));
  await failureOf(upstreamAt(other.url).listReferrers(name, subject), 'bad-answer');
});

test.each([
  ['404', sending('404 page not found', {}, 404)],
  ['400', sending('{}', {}, 400)],
  ['405', sending('{}', {}, 405)],
  ['a page for people', sending('<html>', { 'content-type': 'text/html' })],
  ['JSON that is no index', sending('{"ok":true}')],
  ['null', sending('null')],
] as const)('without the API the referrers tag is read: %s', async (_, answer) => {
  const body = indexOf(entry('signature'));
  const server = await startScripted(answering({ [list]: answer, [tagged]: sending(body) }));
  expect(await upstreamAt(server.url).listReferrers(name, subject)).toEqual([read('signature')]);
});

test('with the API an empty list is the answer, and the tag is not read', async () => {
  const server = await startScripted(answering({ [list]: sending('{"schemaVersion":2,"manifests":null}') }));
  expect(await upstreamAt(server.url).listReferrers(name, subject)).toEqual([]);
  expect(server.seen).toHaveLength(1);
});

test('neither the API nor the tag, or a tag of an image: nothing', async () => {
  const server = await startScripted(answering({}));
  expect(await upstreamAt(server.url).listReferrers(name, subject)).toEqual([]);
  const image = sending(indexOf(entry('a')), { 'content-type': mediaTypes.ociManifest });
  const other = await startScripted(answering({ [tagged]: image }));
  expect(await upstreamAt(other.url).listReferrers(name, subject)).toEqual([]);
});

test.each([
  [401, 'unauthorized'],
  [403, 'denied'],
  [429, 'rate-limited'],
  [500, 'server-error'],
] as const)('an answer of %i is a failure, and not the want of an API', async (status, kind) => {
  const server = await startScripted(answering({ [list]: sending('{}', {}, status) }));
  await failureOf(upstreamAt(server.url).listReferrers(name, subject), kind);
  expect(server.seen.map(({ url }) => url)).not.toContain(tagged);
});

test('the tag of a sha512 has the first half of its digits', () => {
  const digest = parseDigest(`sha512:${'a'.repeat(64)}${'b'.repeat(64)}`);
  expect(referrersTag(digest)).toBe(`sha512-${'a'.repeat(64)}`);
});
