import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import openapi from '../../gateway/api/openapi.json' with { type: 'json' };
import { createRoutes } from '../../gateway/api/routes.ts';
import { startCachingGateway, type CachingGateway } from '../support/caching-gateway.ts';
import type { Reply } from '../support/http-request.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

interface Described {
  readonly security: readonly object[];
  readonly requestBody?: object;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>
  >;
}

// The routes themselves are asked for nothing here.
const unused = (): never => {
  throw new Error('not asked');
};
const routes = createRoutes({
  operator: {
    explain: unused,
    prefetch: unused,
    upstreams: unused,
    cachedImage: unused,
    block: unused,
    unblock: unused,
  },
  readImage: unused,
  isProxy: unused,
  metrics: { count: unused, read: unused },
  certificates: unused,
});
const described = new Map(
  Object.entries(openapi.paths as unknown as Record<string, Record<string, Described>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, each]): [string, Described] => [
        `${method.toUpperCase()} ${path}`,
        each,
      ]),
  ),
);

describe('openapi.json and the routes', () => {
  test('have the same paths and methods', () => {
    expect([...described.keys()].toSorted()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
  });

  test.each(routes)('$method $path: who may ask, and what is in the path', ({ method, path, need }) => {
    const {
      security,
      responses,
      parameters = [],
      requestBody,
    } = described.get(`${method} ${path}`) ?? unused();
    const open = security.length === 0 || security.some((way) => Object.keys(way).length === 0);
    expect(open).toBe(need === 'nothing' || need === 'admin-or-loopback');
    expect('401' in responses).toBe(need !== 'nothing');
    expect('403' in responses).toBe(need === 'admin' || need === 'admin-or-loopback');
    const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
    expect(inPath).toEqual([...path.matchAll(/\{(.+?)\}/g)].map(([, name]) => name));
    expect(requestBody !== undefined).toBe(method === 'POST');
  });
});

describe('openapi.json and the answers', () => {
  let place: Place;
  let both: CachingGateway;
  beforeAll(async () => {
    place = await createLoopback();
    both = await startCachingGateway(place);
    await seedImage(both.gateway, 'team/app', '1');
    await seedImage(both.upstream, 'team/tool', '1');
  });
  afterAll(async () => {
    await both.stop();
    await place.close();
  });

  /** The schema with what it refers to; what it does not name is refused. */
  function schemaOf(schema: object): z.ZodType {
    const text = JSON.stringify({ ...schema, $defs: openapi.components.schemas })
      .replaceAll('#/components/schemas/', '#/$defs/')
      .replaceAll('"type":"object","properties"', '"type":"object","additionalProperties":false,"properties"')
      .replaceAll(
        /("type":"object","description":"[^"]*"),"properties"/g,
        '$1,"additionalProperties":false,"properties"',
      );
    return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
  }

  function schemaOfAnswer(operation: string, status: number): z.ZodType {
    const answer = described.get(operation)?.responses[status] ?? unused();
    const [content] = Object.values(answer.content ?? {});
    return schemaOf(content?.schema ?? unused());
  }

  const ask = (path: string, body?: unknown): Promise<Reply> =>
    both.gateway.ask(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: basic(both.gateway.admin), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  test.each([
    ['GET /api/v1/explain', '/api/v1/explain?image=team/app:1', undefined],
    ['GET /api/v1/explain', '/api/v1/explain?image=team/tool:1', undefined],
    ['GET /api/v1/explain', '/api/v1/explain?image=team/none:1', undefined],
    ['GET /api/v1/upstreams', '/api/v1/upstreams', undefined],
    ['POST /api/v1/upstreams/{repository}/block', '/api/v1/upstreams/hub/block', { reason: 'x' }],
    ['GET /api/v1/upstreams', '/api/v1/upstreams', undefined],
    ['GET /api/v1/wait', '/api/v1/wait?seconds=1', undefined],
    ['POST /api/v1/upstreams/{repository}/unblock', '/api/v1/upstreams/hub/unblock', {}],
  ])('%s %s fits', async (operation, path, body) => {
    const { status, body: bytes } = await ask(path, body);
    expect(status).toBe(200);
    const { error } = schemaOfAnswer(operation, 200).safeParse(JSON.parse(bytes.toString()));
    expect(error).toBeUndefined();
  });

  test('the events of a prefetch fit', async () => {
    const { body } = await ask('/api/v1/prefetch', { images: ['team/tool:1', 'team/none:1', 'team/tool:1'] });
    const events = body.toString().trim().split('\n');
    const schema = schemaOfAnswer('POST /api/v1/prefetch', 200);
    const kinds = events.map((line) => {
      expect(schema.safeParse(JSON.parse(line)).error).toBeUndefined();
      return (JSON.parse(line) as { kind: string }).kind;
    });
    expect(kinds).toEqual(expect.arrayContaining(['manifest', 'blob', 'done', 'failed']));
  });

  test('what does not fit is found out', () => {
    expect(schemaOfAnswer('GET /api/v1/explain', 200).safeParse({ image: 'x' }).success).toBe(false);
    const upstreams = schemaOfAnswer('GET /api/v1/upstreams', 200);
    expect(upstreams.safeParse({ upstreams: [], more: 1 }).success).toBe(false);
    expect(upstreams.safeParse({ upstreams: [] }).success).toBe(true);
  });
});
