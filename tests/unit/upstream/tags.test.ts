import { expect, test } from 'vitest';
import { failureOf } from './outcome.ts';
import { name, reply, startScripted, upstreamAt } from './scripted.ts';

const list = '/v2/library/nginx/tags/list';

test('pages are followed, by path and by address, until there is no next', async () => {
  const server = await startScripted((request, response) => {
    const page = new URL(request.url ?? '', server.url).searchParams.get('last');
    if (page === null) reply(response, 200, { link: `<${list}?last=b>; rel="next"` }, '{"tags":["a","b"]}');
    else if (page === 'b')
      reply(
        response,
        200,
        { link: `<${list}>; rel=first, <${server.url}${list}?last=c>; rel=next` },
        '{"tags":["c"]}',
      );
    else reply(response, 200, {}, '{"tags":["d","not a tag",7]}');
  });
  expect(await upstreamAt(server.url).listTags(name)).toEqual(['a', 'b', 'c', 'd']);
  expect(server.seen.map(({ url }) => url)).toEqual([`${list}?n=1000`, `${list}?last=b`, `${list}?last=c`]);
});

test('a next page on another host is not asked for', async () => {
  const other = await startScripted((_, response) => {
    reply(response, 200, {}, '{"tags":["evil"]}');
  });
  const server = await startScripted((_, response) => {
    reply(response, 200, { link: `<${other.url}${list}>; rel="next"` }, '{"tags":["a"]}');
  });
  expect(await upstreamAt(server.url).listTags(name)).toEqual(['a']);
  expect(other.seen).toHaveLength(0);
});

test('a list that leads back into itself ends with a failure', async () => {
  const server = await startScripted((_, response) => {
    reply(response, 200, { link: `<${list}>; rel="next"` }, '{"tags":["a"]}');
  });
  await failureOf(upstreamAt(server.url).listTags(name), 'bad-answer');
  expect(server.seen).toHaveLength(200);
});

test('a list that breaks off is a failure, not half a list or none', async () => {
  const server = await startScripted((request, response) => {
    if (request.url?.includes('last=')) reply(response, 404);
    else reply(response, 200, { link: `<${list}?last=a>; rel="next"` }, '{"tags":["a"]}');
  });
  const failure = await failureOf(upstreamAt(server.url).listTags(name), 'bad-answer');
  expect(failure.message).toContain('broke off its list of tags');
});

test('a name without tags has an empty list', async () => {
  const server = await startScripted((_, response) => {
    reply(response, 200, {}, '{"name":"x","tags":null}');
  });
  expect(await upstreamAt(server.url).listTags(name)).toEqual([]);
});
