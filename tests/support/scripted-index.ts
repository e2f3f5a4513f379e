// A server that docker search asks, run as a program:
//   node scripted-index.ts '{"address","form","hits"}'
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseAccessLog, settledLog, withoutMarks, type LoggedRequest } from './access-log.ts';
import type { Place } from './place.ts';

/** An image that the index knows. */
export interface IndexHit {
  readonly name: string;
  readonly description?: string;
  readonly stars?: number;
  readonly official?: boolean;
}

/** Whose form of search a server has: that of Docker Registry v1, or that of Docker Hub's own API. */
export type SearchForm = 'v1' | 'hub';

/** What the program is told. */
interface IndexSettings {
  readonly address: string;
  readonly form: SearchForm;
  readonly hits: readonly IndexHit[];
}

/** A running index. */
export interface SearchIndex {
  readonly url: string;
  /** What it has been asked so far. */
  requests(): Promise<LoggedRequest[]>;
}

const PATHS = { v1: '/v1/search', hub: '/v2/search/repositories' } as const;
const QUERIES = { v1: 'q', hub: 'query' } as const;
const SIZES = { v1: 'n', hub: 'page_size' } as const;

function v1Answer(query: string, found: readonly IndexHit[]): object {
  const results = found.map(({ name, description = '', stars = 0, official = false }) => ({
    name,
    description,
    star_count: stars,
    is_official: official,
    is_automated: false,
    is_trusted: false,
  }));
  return { query, num_pages: 1, num_results: found.length, page: 1, page_size: 25, results };
}

function hubAnswer(found: readonly IndexHit[]): object {
  const results = found.map(({ name, description = '', stars = 0, official = false }) => ({
    repo_name: name,
    short_description: description,
    star_count: stars,
    pull_count: 1,
    repo_owner: '',
    is_automated: false,
    is_official: official,
  }));
  return { count: found.length, next: '', previous: '', results };
}

/** The answer of an index of that form to a URL; undefined when it has no such path. */
export function searchAnswer(form: SearchForm, url: URL, hits: readonly IndexHit[]): object | undefined {
  if (url.pathname !== PATHS[form]) return undefined;
  const query = url.searchParams.get(QUERIES[form]) ?? '';
  const size = Number(url.searchParams.get(SIZES[form]) ?? 25);
  const found = hits.filter(({ name }) => name.includes(query)).slice(0, size);
  return form === 'v1' ? v1Answer(query, found) : hubAnswer(found);
}

/** Starts an index of that form in a process of its own, on a free port of the place. */
export async function startIndex(
  place: Place,
  form: SearchForm,
  hits: readonly IndexHit[],
): Promise<SearchIndex> {
  const { address } = place;
  const settings: IndexSettings = { address, form, hits };
  const script = fileURLToPath(import.meta.url);
  const server = place.spawn([process.execPath, script, JSON.stringify(settings)]);
  const [, port = ''] = await server.waitFor(/listening on (\d+)/);
  const url = `http://${address}:${port}`;
  return { url, requests: async () => withoutMarks(parseAccessLog(await settledLog(place, server, url))) };
}

function createIndex({ form, hits }: IndexSettings): http.Server {
  return http.createServer((incoming, response) => {
    const answer = searchAnswer(form, new URL(incoming.url ?? '/', 'http://index'), hits);
    const status = answer === undefined ? 404 : 200;
    process.stdout.write(`"${incoming.method ?? ''} ${incoming.url ?? ''} HTTP/1.1" ${status}\n`);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '{}') as IndexSettings;
  const server = createIndex(settings);
  server.listen(0, settings.address, () => {
    process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
  });
}
