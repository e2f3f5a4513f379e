import { describe, expect, test } from 'vitest';
import type { Reply } from '../support/http-request.ts';
import { seedImage } from '../support/seed-image.ts';
import { startTwoUpstreams, type TwoUpstreams } from '../support/two-upstreams.ts';
import { always, makeImage, type FakeRegistry } from '../unit/repositories/fake-registry.ts';
import { reply } from '../unit/upstream/scripted.ts';

const NAME = 'team/app';
const LIST = `/v2/${NAME}/tags/list`;

/** Answers the list of tags of `team/app` in pages of two, and all else as before. */
function answerTags(upstream: FakeRegistry, ...tags: readonly string[]): void {
  upstream.behave((request, response) => {
    const url = new URL(request.url ?? '', 'http://upstream');
    if (url.pathname !== LIST) return false;
    const from = Number(url.searchParams.get('from') ?? 0);
    const headers = {
      'content-type': 'application/json',
      ...(from + 2 < tags.length && { link: `<${LIST}?from=${from + 2}>; rel="next"` }),
    };
    reply(response, 200, headers, JSON.stringify({ name: NAME, tags: tags.slice(from, from + 2) }));
    return true;
  });
}

const tagsIn = ({ body }: Reply): unknown => (JSON.parse(body.toString()) as { tags: unknown }).tags;

/** Follows the pages of a list from a path on. */
async function readPages({ get }: TwoUpstreams, first: string): Promise<readonly unknown[]> {
  const pages: unknown[] = [];
  let path: string | undefined = first;
  for (let count = 0; path !== undefined && count < 20; count += 1) {
    const answer: Reply = await get(path);
    expect(answer.status).toBe(200);
    pages.push(tagsIn(answer));
    const { link } = answer.headers;
    path = /^<([^>]+)>; rel="next"$/.exec(typeof link === 'string' ? link : '')?.[1];
  }
  return pages;
}

describe('tags of upstreams', () => {
  test('are in one list with what is held here, paged as one', async () => {
    const started = await startTwoUpstreams({ tags: 'upstream' });
    const { gateway, hub, quay, get } = started;
    await seedImage(gateway, NAME, 'own');
    answerTags(hub, '3', '1', '2');
    answerTags(quay, '2', 'quay');
    const whole = await get(LIST);
    expect(JSON.parse(whole.body.toString())).toEqual({
      name: NAME,
      tags: ['1', '2', '3', 'own', 'quay'],
    });
    expect(whole.headers).not.toHaveProperty('warning');
    expect(whole.headers).not.toHaveProperty('link');
    expect(await readPages(started, `${LIST}?n=2`)).toEqual([['1', '2'], ['3', 'own'], ['quay']]);
    expect(await readPages(started, `${LIST}?n=0`)).toEqual([[]]);
    expect(await readPages(started, `${LIST}?last=3`)).toEqual([['own', 'quay']]);
    expect(hub.count(`GET ${LIST}`)).toBe(2);
    const head = await get(LIST, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      whole.headers['content-length'],
      0,
    ]);
  });

  test('are left out unless they are wanted', async () => {
    const { hub, get } = await startTwoUpstreams();
    answerTags(hub, '1');
    expect((await get(LIST)).status).toBe(404);
    hub.push(NAME, '2', makeImage());
    await get(`/v2/${NAME}/manifests/2`);
    expect(tagsIn(await get(LIST))).toEqual(['2']);
    expect(hub.count(`GET ${LIST}`)).toBe(0);
  });

  test('of a member that fails are those that are known, with a warning', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams({ tags: 'upstream', tagMaxAge: '0s' });
    answerTags(hub, '1', '2');
    answerTags(quay, '3');
    await get(LIST);
    hub.behave(always(500));
    const answer = await get(LIST);
    expect([answer.status, tagsIn(answer)]).toEqual([200, ['1', '2', '3']]);
    expect(answer.headers.warning).toMatch(/^299 - "tags may be missing: hub: [^"]*HTTP 500[^"]*"$/);
    quay.behave(always(429));
    const both = await get(LIST);
    expect(both.headers.warning).toMatch(/hub: .*; quay: /);
    await seedImage(gateway, 'team/other', '1');
    const other = await get('/v2/team/other/tags/list');
    expect([other.status, tagsIn(other)]).toEqual([200, ['1']]);
    expect(other.headers.warning).toContain('hub: ');
  });

  test.each([
    ['fails', always(500), 503, 'UNAVAILABLE'],
    ['limits', always(429, { 'retry-after': '9' }), 429, 'TOOMANYREQUESTS'],
    ['denies', always(403), 502, 'UNAVAILABLE'],
    ['hangs', () => true, 503, 'UNAVAILABLE'],
  ] as const)('of a member that %s, when nobody has any, are an error', async (_, trouble, status, code) => {
    const { hub, get } = await startTwoUpstreams({
      tags: 'upstream',
      connectTimeout: '500ms',
      headersTimeout: '500ms',
    });
    hub.behave(trouble);
    const answer = await get(LIST);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      errors: [{ code, message: expect.stringContaining('hub: ') as string, detail: [{ member: 'hub' }] }],
    });
    expect(Number(answer.headers['retry-after'])).toBe(status === 429 ? 9 : 30);
  });

  test('that nobody has are an unknown name', async () => {
    const { get } = await startTwoUpstreams({ tags: 'upstream' });
    const answer = await get(LIST);
    expect([answer.status, answer.body.toString()]).toEqual([
      404,
      expect.stringContaining('NAME_UNKNOWN') as string,
    ]);
  });
});
