import { describe, expect, test } from 'vitest';
import { parseOperation } from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const sha512 = `sha512:${'cd'.repeat(64)}`;
const name = 'team/app';
const all = { size: undefined, last: undefined };
const id = '0d8b7a1e-0000-4000-8000-000000000000';

/** Every end-point of OCI distribution-spec 1.1, "Endpoints", and what docker adds to them. */
const endpoints: [string, string, object][] = [
  ['GET', '/v2', { kind: 'base', head: false }],
  ['GET', '/v2/', { kind: 'base', head: false }],
  ['HEAD', '/v2/', { kind: 'base', head: true }],
  ['GET', '/v2/?ns=docker.io', { kind: 'base', head: false }],
  ['GET', `/v2/${name}/blobs/${digest}`, { kind: 'blob-get', name, digest, head: false }],
  ['HEAD', `/v2/${name}/blobs/${digest}`, { kind: 'blob-get', name, digest, head: true }],
  ['GET', `/v2/${name}/blobs/${sha512}`, { kind: 'blob-get', name, digest: sha512, head: false }],
  ['DELETE', `/v2/${name}/blobs/${digest}`, { kind: 'blob-delete', name, digest }],
  [
    'GET',
    `/v2/${name}/manifests/1.0`,
    { kind: 'manifest-get', name, reference: { tag: '1.0' }, head: false },
  ],
  [
    'HEAD',
    `/v2/${name}/manifests/${digest}`,
    { kind: 'manifest-get', name, reference: { digest }, head: true },
  ],
  ['PUT', `/v2/${name}/manifests/1.0`, { kind: 'manifest-put', name, reference: { tag: '1.0' }, tags: [] }],
  [
    'PUT',
    `/v2/${name}/manifests/${digest}?tag=a&tag=b`,
    { kind: 'manifest-put', name, reference: { digest }, tags: ['a', 'b'] },
  ],
  ['DELETE', `/v2/${name}/manifests/1.0`, { kind: 'manifest-delete', name, reference: { tag: '1.0' } }],
  ['DELETE', `/v2/${name}/manifests/${digest}`, { kind: 'manifest-delete', name, reference: { digest } }],
  ['GET', `/v2/${name}/tags/list`, { kind: 'tags', name, page: all, head: false }],
  ['HEAD', `/v2/${name}/tags/list/`, { kind: 'tags', name, page: all, head: true }],
  [
    'GET',
    `/v2/${name}/tags/list?n=5&last=1.0`,
    { kind: 'tags', name, page: { size: 5, last: '1.0' }, head: false },
  ],
  ['GET', '/v2/_catalog', { kind: 'catalog', page: all }],
  ['GET', '/v2/_catalog?n=2&last=a/b', { kind: 'catalog', page: { size: 2, last: 'a/b' } }],
  [
    'GET',
    `/v2/${name}/referrers/${digest}`,
    { kind: 'referrers', name, digest, artifactType: undefined, page: all },
  ],
  [
    'GET',
    `/v2/${name}/referrers/${digest}?artifactType=application%2Fx%2Bjson&n=1`,
    {
      kind: 'referrers',
      name,
      digest,
      artifactType: 'application/x+json',
      page: { size: 1, last: undefined },
    },
  ],
  ['GET', `/v2/${name}/blobs/uploads/${id}`, { kind: 'upload-status', name, id }],
  ['HEAD', `/v2/${name}/blobs/uploads/${id}`, { kind: 'upload-status', name, id }],
  ['PATCH', `/v2/${name}/blobs/uploads/${id}?_state=x`, { kind: 'upload-append', name, id }],
  ['PUT', `/v2/${name}/blobs/uploads/${id}?digest=${digest}`, { kind: 'upload-finish', name, id, digest }],
  [
    'PUT',
    `/v2/${name}/blobs/uploads/${id}?_state=x&digest=${encodeURIComponent(digest)}`,
    { kind: 'upload-finish', name, id, digest },
  ],
  ['DELETE', `/v2/${name}/blobs/uploads/${id}`, { kind: 'upload-cancel', name, id }],
  ['GET', '/v2/token?service=x', { kind: 'token' }],
  ['POST', '/v2/token', { kind: 'token' }],
  ['GET', '/v1/_ping', { kind: 'search-ping' }],
  ['GET', '/v1/search?q=red+is&n=3', { kind: 'search', query: 'red is', size: 3 }],
];

test.each(endpoints)('%s %s', (method, url, operation) => {
  expect(parseOperation(method, url)).toEqual(operation);
});

describe('POST of an upload', () => {
  const start = { kind: 'upload-start', name, digest: undefined, mount: undefined, algorithm: 'sha256' };
  test.each([
    ['', {}],
    ['/', {}],
    [`/?digest=${digest}`, { digest }],
    [`?mount=${digest}`, { mount: { digest, from: undefined } }],
    [`?mount=${digest}&from=library%2Fnginx`, { mount: { digest, from: 'library/nginx' } }],
    ['?from=library/nginx', {}],
    ['?digest-algorithm=sha512', { algorithm: 'sha512' }],
    ['?digest-algorithm=md5', {}],
  ])('/blobs/uploads%s', (rest, facts) => {
    expect(parseOperation('POST', `/v2/${name}/blobs/uploads${rest}`)).toEqual({ ...start, ...facts });
  });

  test.each(['', 'NoName', '../x'])('a source %j that is no name has nothing to mount (T6)', (from) => {
    const url = `/v2/${name}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`;
    expect(parseOperation('POST', url)).toEqual(start);
  });

  test.each([
    [`?digest=sha256:1`, 'digestInvalid'],
    [`?digest=`, 'digestInvalid'],
    [`?mount=sha256:1&from=a`, 'digestInvalid'],
  ] as const)('%s is %s', (query, kind) => {
    refusalOf(() => parseOperation('POST', `/v2/${name}/blobs/uploads/${query}`), kind);
  });
});

/** Where each path ends, and what may be done there. */
const methods: [string, string[]][] = [
  ['/v2/', ['GET', 'HEAD']],
  ['/v2/token', ['GET', 'POST']],
  ['/v2/_catalog', ['GET', 'HEAD']],
  [`/v2/${name}/tags/list`, ['GET', 'HEAD']],
  [`/v2/${name}/referrers/${digest}`, ['GET', 'HEAD']],
  [`/v2/${name}/manifests/latest`, ['GET', 'HEAD', 'PUT', 'DELETE']],
  [`/v2/${name}/blobs/${digest}?digest=${digest}`, ['GET', 'HEAD', 'DELETE']],
  [`/v2/${name}/blobs/uploads/`, ['POST']],
  [`/v2/${name}/blobs/uploads/${id}?digest=${digest}`, ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']],
  ['/v1/_ping', ['GET', 'HEAD']],
  ['/v1/search', ['GET', 'HEAD']],
];
const everyMethod = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
];
const strange = ['get', '', 'constructor', '__proto__', 'toString', 'hasOwnProperty'];

describe.each(methods)('%s', (url, allowed) => {
  test.each(allowed)('takes %s', (method) => {
    expect(parseOperation(method, url)).toHaveProperty('kind');
  });

  const others = [...everyMethod, ...strange].filter((method) => !allowed.includes(method));
  test.each(others)('refuses %j and says what it takes', (method) => {
    const { allow } = refusalOf(() => parseOperation(method, url), 'unsupported');
    expect([...(allow ?? [])].sort()).toEqual([...allowed].sort());
  });
});

describe('names that look like end-points', () => {
  test.each([
    ['GET', '/v2/a/manifests/b/manifests/latest', 'manifest-get', 'a/manifests/b'],
    ['GET', '/v2/manifests/manifests/manifests', 'manifest-get', 'manifests'],
    ['GET', '/v2/blobs/blobs/manifests/x', 'manifest-get', 'blobs/blobs'],
    ['GET', '/v2/a/blobs/uploads/manifests/x', 'manifest-get', 'a/blobs/uploads'],
    ['GET', '/v2/a/tags/list/manifests/x', 'manifest-get', 'a/tags/list'],
    ['GET', '/v2/token/manifests/x', 'manifest-get', 'token'],
    ['GET', `/v2/uploads/blobs/${digest}`, 'blob-get', 'uploads'],
    ['GET', `/v2/a/blobs/uploads/blobs/${digest}`, 'blob-get', 'a/blobs/uploads'],
    ['GET', `/v2/a/blobs/blobs/${digest}`, 'blob-get', 'a/blobs'],
    ['POST', '/v2/a/blobs/blobs/uploads/', 'upload-start', 'a/blobs'],
    ['POST', '/v2/a/blobs/uploads/blobs/uploads/', 'upload-start', 'a/blobs/uploads'],
    ['POST', '/v2/uploads/blobs/uploads', 'upload-start', 'uploads'],
    ['PATCH', '/v2/a/manifests/b/blobs/uploads/i', 'upload-append', 'a/manifests/b'],
    ['PATCH', '/v2/blobs/uploads/blobs/uploads/i', 'upload-append', 'blobs/uploads'],
    ['GET', '/v2/a/tags/tags/list', 'tags', 'a/tags'],
    ['GET', '/v2/tags/list/tags/list', 'tags', 'tags/list'],
    ['GET', '/v2/a/referrers/tags/list', 'tags', 'a/referrers'],
    ['GET', `/v2/referrers/referrers/${digest}`, 'referrers', 'referrers'],
    ['GET', `/v2/library%2Fnginx/manifests/latest`, 'manifest-get', 'library/nginx'],
    ['GET', `/v2/quay.io/coreos/etcd/manifests/latest`, 'manifest-get', 'quay.io/coreos/etcd'],
  ])('%s %s is %s of %s', (method, url, kind, of) => {
    expect(parseOperation(method, url)).toMatchObject({ kind, name: of });
  });

  test('a tag may be called as an end-point', () => {
    for (const tag of ['uploads', 'list', 'manifests', 'constructor', '__proto__'])
      expect(parseOperation('GET', `/v2/a/manifests/${tag}`)).toMatchObject({ reference: { tag } });
  });
});

describe('percent-encoding', () => {
  test('a digest', () => {
    const url = `/v2/a/blobs/${encodeURIComponent(digest)}`;
    expect(parseOperation('GET', url)).toMatchObject({ digest });
  });

  test.each([
    ['twice', '/v2/a%252Fb/manifests/x', 'nameInvalid'],
    ['half', '/v2/a%2/manifests/x', 'nameInvalid'],
    ['not UTF-8', '/v2/a%ff/manifests/x', 'nameInvalid'],
    ['NUL', '/v2/a%00/manifests/x', 'nameInvalid'],
    ['a question mark', '/v2/a%3Fb/manifests/x', 'nameInvalid'],
    ['dots', '/v2/a/%2e%2e/b/manifests/x', 'nameInvalid'],
    ['a line break', '/v2/a%0Ab/manifests/x', 'unknownEndpoint'],
    ['NUL in a tag', '/v2/a/manifests/x%00', 'manifestUnknown'],
    ['a slash in a tag', '/v2/a/manifests/x%2Fy', 'unknownEndpoint'],
    ['NUL in a digest', `/v2/a/blobs/${digest}%00`, 'digestInvalid'],
  ] as const)('%s', (_, url, kind) => {
    refusalOf(() => parseOperation('GET', url), kind);
  });
});

describe('what is not there', () => {
  test.each([
    '',
    '/',
    '*',
    '/v1',
    '/v3/',
    '/v2//',
    '//v2/',
    '/V2/',
    '/v2x/',
    '/v2/a',
    '/v2/_other',
    '/v2//manifests/latest',
    '/v2/manifests/latest',
    '/v2/blobs/uploads/',
    '/v2/tags/list',
    '/v2/a/manifests/',
    '/v2/a/manifests/latest/',
    '/v2/a/blobs/',
    '/v2/a/tags',
    '/v2/../v1/_ping',
    '/v2/%00',
    'http://host/v2/',
  ])('%j is no end-point', (url) => {
    refusalOf(() => parseOperation('GET', url), 'unknownEndpoint');
  });

  test.each([
    '/v2/a//b/manifests/x',
    '/v2/a/./b/manifests/x',
    '/v2/../a/manifests/x',
    '/v2/A/manifests/x',
    '/v2/a/ /manifests/x',
    `/v2/${'a'.repeat(254)}/manifests/x`,
    '/v2/a/../../../etc/passwd/tags/list',
    `/v2/-a/blobs/${digest}`,
  ])('%s has no name', (url) => {
    refusalOf(() => parseOperation('GET', url), 'nameInvalid');
  });

  test('an over-long path is refused at once and not repeated', () => {
    const url = `/v2/${'a/manifests/blobs/uploads/tags/'.repeat(5000)}`;
    const { detail } = refusalOf(() => parseOperation('GET', url), 'unknownEndpoint');
    expect(JSON.stringify(detail).length).toBeLessThan(400);
  });

  test('a manifest by what cannot be a tag is just not known, but cannot be put', () => {
    for (const bad of ['.x', 'a'.repeat(129), 'a+b']) {
      refusalOf(() => parseOperation('GET', `/v2/a/manifests/${bad}`), 'manifestUnknown');
      refusalOf(() => parseOperation('DELETE', `/v2/a/manifests/${bad}`), 'manifestUnknown');
      refusalOf(() => parseOperation('PUT', `/v2/a/manifests/${bad}`), 'tagInvalid');
    }
    refusalOf(() => parseOperation('PUT', `/v2/a/manifests/${digest}?tag=.x`), 'tagInvalid');
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE'])('%s of a manifest by a malformed digest', (method) => {
    refusalOf(() => parseOperation(method, '/v2/a/manifests/sha256:12'), 'digestInvalid');
  });

  test.each([
    ['PUT', `/v2/a/blobs/uploads/${id}`],
    ['PUT', `/v2/a/blobs/uploads/${id}?digest=`],
    ['PUT', `/v2/a/blobs/uploads/${id}?digest=sha256:12`],
    ['GET', '/v2/a/blobs/sha256:12'],
    ['GET', '/v2/a/blobs/latest'],
    ['GET', '/v2/a/referrers/latest'],
  ])('%s %s lacks a digest', (method, url) => {
    refusalOf(() => parseOperation(method, url), 'digestInvalid');
  });

  test.each(['/v2/_catalog?n=-1', '/v2/a/tags/list?n=x', `/v2/a/referrers/${digest}?n=1.5`])(
    '%s has no page',
    (url) => {
      refusalOf(() => parseOperation('GET', url), 'pageInvalid');
    },
  );
});

test.each([
  ['', 25],
  ['n=', 25],
  ['n=0', 1],
  ['n=1', 1],
  ['n=100', 100],
  ['n=9999', 100],
  ['n=-5', 25],
  ['n=x', 25],
])('a search for %j shows %i', (query, size) => {
  expect(parseOperation('GET', `/v1/search?${query}`)).toEqual({ kind: 'search', query: '', size });
});
