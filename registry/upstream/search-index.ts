import { isName, type Name } from '../model/index.ts';
import { answerDue } from './deadline.ts';
import { Endpoint } from './endpoint.ts';
import { UpstreamFailure } from './failure.ts';
import { refusal } from './refusal.ts';
import type { UpstreamSettings } from './settings.ts';
import type { Ask } from './transport.ts';

/** An image that an index knows. */
export interface SearchHit {
  /** As the index says it: of Docker Hub's own images without `library/`. */
  readonly name: Name;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

/** Where an index takes a search, under which words, and what it calls what it found. */
interface Form {
  readonly path: string;
  readonly query: string;
  readonly size: string;
  readonly name: string;
  readonly description: string;
}

/** Docker Registry API v1, "Search", and then the API of Docker Hub's own pages. */
const forms: readonly Form[] = [
  { path: '/v1/search', query: 'q', size: 'n', name: 'name', description: 'description' },
  {
    path: '/v2/search/repositories',
    query: 'query',
    size: 'page_size',
    name: 'repo_name',
    description: 'short_description',
  },
];

/** What an index answers that does not know the address at all. */
const unknownStatuses: ReadonlySet<number> = new Set([400, 404, 405, 410, 501]);
/** More than this both forms refuse. */
const mostHits = 100;
/** Of an answer, in bytes; a hundred hits have some 30,000. */
const answerLimit = 1_048_576;

/** The index of an upstream, which answers searches; it need not be where the images are. */
export class SearchIndex {
  readonly #settings: UpstreamSettings;
  readonly #endpoint: Endpoint;
  /** The form that was understood last is tried first. */
  #forms = forms;

  constructor(settings: UpstreamSettings, url: URL) {
    const isOwn = settings.urls.some(({ origin }) => origin === url.origin);
    this.#settings = settings;
    this.#endpoint = new Endpoint(isOwn ? settings : withoutSecrets(settings), url);
  }

  /** The endpoint that is asked, for what it has counted. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** What fits `query`, at most `size` hits, the best first; throws UpstreamFailure, or the signal's reason. */
  async search(query: string, size: number, signal?: AbortSignal): Promise<readonly SearchHit[]> {
    return this.#endpoint.use('questions', () => this.#search(query, size, signal), signal);
  }

  async #search(query: string, size: number, signal: AbortSignal | undefined): Promise<readonly SearchHit[]> {
    const bounds = { signal, until: answerDue(this.#settings) };
    for (const form of this.#forms) {
      const hits = await this.#ask(form, query, Math.min(size, mostHits), bounds);
      if (!hits) continue;
      this.#forms = [form, ...forms.filter((each) => each !== form)];
      return hits.slice(0, size);
    }
    const message = `${this.#endpoint.root} takes no searches: give the address of one that does as "index"`;
    throw new UpstreamFailure(this.#settings.name, 'bad-answer', message);
  }

  /** Undefined when the index does not know the form: a page for people, which is not JSON, says so as well. */
  async #ask(
    form: Form,
    query: string,
    size: number,
    bounds: Pick<Ask, 'signal' | 'until'>,
  ): Promise<readonly SearchHit[] | undefined> {
    const url = new URL(`${this.#endpoint.root}${form.path}`);
    url.searchParams.set(form.query, query);
    url.searchParams.set(form.size, String(size));
    const headers = { accept: 'application/json' };
    const answer = await this.#endpoint.client.send({ method: 'GET', url, headers, ...bounds }, undefined);
    if (answer.status === 200) return parseHits(await answer.read(answerLimit), form);
    if (!unknownStatuses.has(answer.status)) throw refusal(this.#settings.name, answer);
    answer.drop();
    return undefined;
  }
}

/** What the operator gave for the registry is not for another host; the authorities to trust are no secret. */
function withoutSecrets(settings: UpstreamSettings): UpstreamSettings {
  const { username: _username, password: _password, clientCertificate: _certificate, ...others } = settings;
  return others;
}

function parseHits(bytes: Buffer, form: Form): readonly SearchHit[] | undefined {
  try {
    const answer = JSON.parse(bytes.toString()) as { results?: unknown } | null;
    if (!Array.isArray(answer?.results)) return undefined;
    return answer.results.map((result: unknown) => toHit(result, form)).filter((hit) => hit !== undefined);
  } catch {
    return undefined;
  }
}

/** Undefined for what has no name that an image can have. */
function toHit(result: unknown, form: Form): SearchHit | undefined {
  const row = (result ?? {}) as Readonly<Record<string, unknown>>;
  const name = row[form.name];
  if (typeof name !== 'string' || !isName(name)) return undefined;
  const description = row[form.description];
  const stars = row.star_count;
  return {
    name,
    description: typeof description === 'string' ? description : '',
    stars: typeof stars === 'number' ? stars : 0,
    official: row.is_official === true,
    automated: row.is_automated === true,
  };
}
