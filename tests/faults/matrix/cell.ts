import { digestOf, makeImage, TYPES, type Image } from '../../support/image.ts';
import type { FaultyUpstream } from '../../support/faulty-upstream.ts';
import { kinds, states, type Fault, type Kind, type State } from './rules.ts';

/** One fault, what the proxy had before it, and what is asked for; the contents are those of a name of its own. */
export interface Cell {
  readonly fault: Fault;
  readonly state: State;
  readonly kind: Kind;
  /** The proxy repository. */
  readonly proxy: string;
  /** The host whose reads go to a group with that proxy. */
  readonly host: string;
  /** The name of the image. */
  readonly name: string;
  /** What is asked for, in the state and in the healthy time afterwards. */
  readonly path: string;
  /** What is pulled for the proxy to have it. */
  readonly seeds: readonly string[];
  readonly image: Image;
  /** What the tag names upstream once the proxy has the image. */
  readonly moved: Image;
  /** What the upstream lists: digests of referrers, tags or names. */
  readonly listed: readonly string[];
  /** What of it the proxy has brought here. */
  readonly here: readonly string[];
}

/** What is searched for, what is here under such a name, and what an index has. */
export const SEARCH = { query: 'faulty', here: 'faulty/own', upstream: 'faulty/app' } as const;

const short: Readonly<Record<State, string>> = {
  uncached: 'uncached',
  'cached fresh': 'fresh',
  'cached stale': 'stale',
};

/** The proxy repository that meets with a fault in a state. */
export function proxyOf(fault: Fault, state: State): string {
  return slug(`${fault} ${short[state]}`);
}

/** The host of a proxy. */
export function hostOf(proxy: string): string {
  return `${proxy}.test`;
}

/** All cells of a fault. */
export function cellsOf(fault: Fault): readonly Cell[] {
  return states.flatMap((state) => kinds.map((kind) => makeCell(fault, state, kind)));
}

function makeCell(fault: Fault, state: State, kind: Kind): Cell {
  const proxy = proxyOf(fault, state);
  const name = `${short[state]}/${slug(kind)}`;
  const image = makeImage({ layers: [kind === 'blob' ? 100_000 : 100] });
  const referrers = ['signature', 'sbom'].map((what) => digestOf(referrerOf(image, what)));
  const base = `/v2/${name}`;
  const [layer = ''] = image.layers.map(({ digest }) => digest);
  const tag = `${base}/manifests/latest`;
  const parts: Record<Kind, Pick<Cell, 'path' | 'seeds' | 'listed' | 'here'>> = {
    'manifest by tag': { path: tag, seeds: [], listed: [], here: [] },
    'manifest by digest': {
      path: `${base}/manifests/${image.manifest.digest}`,
      seeds: [],
      listed: [],
      here: [],
    },
    blob: { path: `${base}/blobs/${layer}`, seeds: [tag], listed: [], here: [] },
    tags: { path: `${base}/tags/list`, seeds: [tag], listed: ['latest', 'other'], here: ['latest'] },
    referrers: {
      path: `${base}/referrers/${image.manifest.digest}`,
      seeds: [tag, `${base}/manifests/${referrers[0] ?? ''}`],
      listed: referrers,
      here: referrers.slice(0, 1),
    },
    search: {
      path: `/v1/search?q=${SEARCH.query}&n=25`,
      seeds: [],
      listed: [SEARCH.here, SEARCH.upstream],
      here: [SEARCH.here],
    },
  };
  const { path, seeds, listed, here } = parts[kind];
  const isCached = state !== 'uncached';
  return {
    fault,
    state,
    kind,
    proxy,
    host: hostOf(proxy),
    name,
    path,
    image,
    listed,
    moved: makeImage({ layers: [100] }),
    seeds: isCached ? [...seeds, path] : [],
    here: isCached || kind === 'search' ? here : [],
  };
}

/** Serves what a cell asks for, for the upstream and for the host that it redirects to. */
export function serveCell(upstream: FaultyUpstream, { name, image, moved, listed }: Cell): void {
  const base = `/v2/${name}`;
  for (const { manifest } of [image, moved])
    upstream.serve(`${base}/manifests/${manifest.digest}`, {
      type: manifest.mediaType,
      bytes: manifest.bytes,
    });
  for (const { digest, bytes } of [...image.layers, image.config])
    upstream.serve(`${base}/blobs/${digest}`, { type: 'application/octet-stream', bytes });
  pointTag(upstream, name, image);
  serveJson(upstream, `${base}/tags/list`, { name, tags: listed });
  const referrers = ['signature', 'sbom'].map((what) => referrerOf(image, what));
  const manifests = referrers.map((bytes) => ({
    mediaType: TYPES.oci.manifest,
    digest: digestOf(bytes),
    size: bytes.length,
  }));
  for (const bytes of referrers)
    upstream.serve(`${base}/manifests/${digestOf(bytes)}`, { type: TYPES.oci.manifest, bytes });
  const index = { schemaVersion: 2, mediaType: TYPES.oci.index, manifests };
  serveJson(upstream, `${base}/referrers/${image.manifest.digest}`, index, TYPES.oci.index);
}

/** Serves the index of a search, the same for every name. */
export function serveSearch(upstream: FaultyUpstream): void {
  const hit = { name: SEARCH.upstream, description: 'found', star_count: 1 };
  const results = [{ ...hit, is_official: false, is_automated: false }];
  serveJson(upstream, '/v1/search', { query: SEARCH.query, num_results: 1, results });
}

/** Moves the tag of a cell's name to an image. */
export function pointTag(upstream: FaultyUpstream, name: string, { manifest }: Image): void {
  upstream.serve(`/v2/${name}/manifests/latest`, { type: manifest.mediaType, bytes: manifest.bytes });
}

function serveJson(upstream: FaultyUpstream, path: string, value: object, type = 'application/json'): void {
  upstream.serve(path, { type, bytes: Buffer.from(JSON.stringify(value)) });
}

function referrerOf({ manifest }: Image, what: string): Buffer {
  const empty = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };
  const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.oci.manifest,
      artifactType: `application/vnd.test.${what}`,
      config: empty,
      layers: [empty],
      subject,
    }),
  );
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(' ', '-');
}
