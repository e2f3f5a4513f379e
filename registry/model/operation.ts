import { parseAlgorithm, parseDigest, type Digest, type DigestAlgorithm } from './digest.ts';
import { RegistryError } from './errors.ts';
import { isName, parseName, type Name } from './name.ts';
import { parsePage, type Page } from './page.ts';
import { isTag, parseReference, parseTag, type Reference, type Tag } from './reference.ts';

/**
 * What a request wants, parsed once at the door from method and URL; everything after works on this.
 * The end-points are those of OCI distribution-spec 1.1, "Endpoints", with the token service and docker's search.
 * `head` is true for HEAD: the same answer without its body.
 */
export type Operation =
  | { readonly kind: 'base'; readonly head: boolean }
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog'; readonly page: Page }
  | { readonly kind: 'tags'; readonly name: Name; readonly page: Page; readonly head: boolean }
  | {
      readonly kind: 'referrers';
      readonly name: Name;
      readonly digest: Digest;
      readonly artifactType: string | undefined;
      readonly page: Page;
    }
  | {
      readonly kind: 'manifest-get';
      readonly name: Name;
      readonly reference: Reference;
      readonly head: boolean;
    }
  | {
      readonly kind: 'manifest-put';
      readonly name: Name;
      readonly reference: Reference;
      readonly tags: readonly Tag[];
    }
  | { readonly kind: 'manifest-delete'; readonly name: Name; readonly reference: Reference }
  | { readonly kind: 'blob-get'; readonly name: Name; readonly digest: Digest; readonly head: boolean }
  | { readonly kind: 'blob-delete'; readonly name: Name; readonly digest: Digest }
  | {
      readonly kind: 'upload-start';
      readonly name: Name;
      /** Set when the whole blob is in the body of the POST. */
      readonly digest: Digest | undefined;
      readonly mount: { readonly digest: Digest; readonly from: Name | undefined } | undefined;
      readonly algorithm: DigestAlgorithm;
    }
  | { readonly kind: 'upload-status'; readonly name: Name; readonly id: string }
  | { readonly kind: 'upload-append'; readonly name: Name; readonly id: string }
  | { readonly kind: 'upload-finish'; readonly name: Name; readonly id: string; readonly digest: Digest }
  | { readonly kind: 'upload-cancel'; readonly name: Name; readonly id: string }
  | { readonly kind: 'search-ping' }
  | { readonly kind: 'search'; readonly query: string; readonly size: number };

/** The operations that name an image. */
export type NamedOperation = Extract<Operation, { name: Name }>;

interface Request {
  readonly method: string;
  readonly query: URLSearchParams;
}

/** A way to read what is left of a path, and by method the operations that live there. */
interface Endpoint {
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, (parts: readonly string[], request: Request) => Operation>>;
}

/** The order matters where one pattern is a special case of the next. */
const endpoints: readonly Endpoint[] = [
  { path: /^\/v2\/?$/, methods: both((_, head) => ({ kind: 'base', head })) },
  { path: /^\/v2\/token\/?$/, methods: { GET: () => ({ kind: 'token' }), POST: () => ({ kind: 'token' }) } },
  {
    path: /^\/v2\/_catalog\/?$/,
    methods: both((_, _head, { query }) => ({ kind: 'catalog', page: parsePage(query) })),
  },
  {
    path: /^\/v2\/(.+)\/tags\/list\/?$/,
    methods: both(([name], head, { query }) => ({
      kind: 'tags',
      name: parseName(name ?? ''),
      page: parsePage(query),
      head,
    })),
  },
  {
    path: /^\/v2\/(.+)\/referrers\/([^/]+)$/,
    methods: both(([name, digest], _head, { query }) => ({
      kind: 'referrers',
      name: parseName(name ?? ''),
      digest: parseDigest(digest ?? ''),
      artifactType: query.get('artifactType') ?? undefined,
      page: parsePage(query),
    })),
  },
  {
    path: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: {
      ...both(([name, reference], head) => ({ kind: 'manifest-get', head, ...present(name, reference) })),
      PUT: ([name, reference], { query }) => ({
        kind: 'manifest-put',
        name: parseName(name ?? ''),
        reference: parseReference(reference ?? ''),
        tags: query.getAll('tag').map(parseTag),
      }),
      DELETE: ([name, reference]) => ({ kind: 'manifest-delete', ...present(name, reference) }),
    },
  },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/?$/,
    methods: { POST: ([name], { query }) => uploadStart(parseName(name ?? ''), query) },
  },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: {
      GET: ([name, id]) => ({ kind: 'upload-status', ...session(name, id) }),
      HEAD: ([name, id]) => ({ kind: 'upload-status', ...session(name, id) }),
      PATCH: ([name, id]) => ({ kind: 'upload-append', ...session(name, id) }),
      PUT: ([name, id], { query }) => ({
        kind: 'upload-finish',
        ...session(name, id),
        digest: parseDigest(query.get('digest') ?? ''),
      }),
      DELETE: ([name, id]) => ({ kind: 'upload-cancel', ...session(name, id) }),
    },
  },
  {
    path: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    methods: {
      ...both(([name, digest], head) => ({
        kind: 'blob-get',
        name: parseName(name ?? ''),
        digest: parseDigest(digest ?? ''),
        head,
      })),
      DELETE: ([name, digest]) => ({
        kind: 'blob-delete',
        name: parseName(name ?? ''),
        digest: parseDigest(digest ?? ''),
      }),
    },
  },
  { path: /^\/v1\/_ping\/?$/, methods: both(() => ({ kind: 'search-ping' })) },
  {
    path: /^\/v1\/search\/?$/,
    methods: both((_, _head, { query }) => ({
      kind: 'search',
      query: query.get('q') ?? '',
      size: searchSize(query.get('n')),
    })),
  },
];

/** The paths that there are, in the order in which they are tried, with the methods of each; docs/http.md lists them. */
export const endpointMethods: readonly { readonly path: RegExp; readonly methods: readonly string[] }[] =
  endpoints.map(({ path, methods }) => ({ path, methods: Object.keys(methods) }));

/**
 * The operation that a method and a URL (path with query, as on the request line) ask for.
 * Throws `nameInvalid`, `digestInvalid`, `tagInvalid`, `pageInvalid`, `unknownEndpoint`, and `unsupported` with the
 * methods that the path does have.
 */
export function parseOperation(method: string, url: string): Operation {
  const mark = url.indexOf('?');
  const path = decodePath(mark < 0 ? url : url.slice(0, mark));
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  for (const endpoint of endpoints) {
    const match = endpoint.path.exec(path);
    if (!match) continue;
    const read = Object.hasOwn(endpoint.methods, method) ? endpoint.methods[method] : undefined;
    if (!read) throw new RegistryError('unsupported', { allow: Object.keys(endpoint.methods) });
    return read(match.slice(1), { method, query });
  }
  throw new RegistryError('unknownEndpoint', { detail: { path: path.slice(0, 300) } });
}

/** The same reading for GET and HEAD. */
function both(
  read: (parts: readonly string[], head: boolean, request: Request) => Operation,
): Record<'GET' | 'HEAD', (parts: readonly string[], request: Request) => Operation> {
  return {
    GET: (parts, request) => read(parts, false, request),
    HEAD: (parts, request) => read(parts, true, request),
  };
}

/** A manifest that is to be there already: a reference that cannot be one is simply not known. */
function present(
  name: string | undefined,
  reference: string | undefined,
): { name: Name; reference: Reference } {
  const parsed = parseName(name ?? '');
  const text = reference ?? '';
  if (!text.includes(':') && !isTag(text))
    throw new RegistryError('manifestUnknown', { detail: { tag: text.slice(0, 200) } });
  return { name: parsed, reference: parseReference(text) };
}

function session(name: string | undefined, id: string | undefined): { name: Name; id: string } {
  return { name: parseName(name ?? ''), id: id ?? '' };
}

function uploadStart(name: Name, query: URLSearchParams): Operation {
  const digest = query.get('digest');
  const mount = query.get('mount');
  const from = query.get('from');
  return {
    kind: 'upload-start',
    name,
    digest: digest === null ? undefined : parseDigest(digest),
    // What is no name holds nothing to mount: the client then uploads it, where a refusal would end its push (T6).
    mount:
      mount === null || (from !== null && !isName(from))
        ? undefined
        : { digest: parseDigest(mount), from: from ?? undefined },
    algorithm: parseAlgorithm(query.get('digest-algorithm') ?? '') ?? 'sha256',
  };
}

/** docker asks for 25 unless told; a hundred is the most that its search ever shows. */
function searchSize(n: string | null): number {
  return /^\d{1,4}$/.test(n ?? '') ? Math.min(100, Math.max(1, Number(n))) : 25;
}

function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new RegistryError('nameInvalid', { message: 'malformed percent-encoding in the path', cause });
  }
}
