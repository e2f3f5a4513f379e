import type { Readable } from 'node:stream';
import { ask, type Answer, type Question } from './ask.ts';
import { authorize, pushScope } from './authorize.ts';
import { Trouble } from './finding.ts';
import { inWords, messageOf, refusal } from './refusal.ts';
import type { Visit } from './visit.ts';

/** An upload that is under way. OCI distribution-spec 1.1, "Pushing blobs". */
export class UploadSession {
  readonly #visit: Visit;
  readonly #headers: Record<string, string>;
  readonly #label: string;
  #url: URL;

  private constructor(visit: Visit, headers: Record<string, string>, url: URL) {
    this.#visit = visit;
    this.#headers = headers;
    this.#url = url;
    this.#label = `the upload session ${url.pathname}`;
    visit.cleanup.add(this.#label, (signal) => this.#cancel(signal));
  }

  /** Opens one; it is cancelled at the end unless it was finished. Throws Trouble. */
  static async open(visit: Visit): Promise<UploadSession> {
    const headers = await authorize(visit, pushScope(visit.name));
    const answer = await ask(visit, `/v2/${visit.name}/blobs/uploads/`, { method: 'POST', headers });
    // GET of /v2/ was answered, so this is the place, for reads at least.
    if (answer.status === 404 && messageOf(answer) === undefined)
      throw new Trouble(
        `POST of an upload answered ${inWords(answer)}, where GET is answered`,
        'pushes go to something that takes none: a group or a proxy of Nexus, or another server; send POST, PATCH, PUT, DELETE and HEAD under /v2/ to the hosted repository (nginx: where "if ($request_method ...)" sends them), or let Dockgate do so (hosts: read and write in dockgate.yaml)',
      );
    if (answer.status !== 202) throw refusal('POST of an upload', answer);
    return new UploadSession(visit, headers, follow(visit, 'POST', visit.base, answer));
  }

  /** Sends one request to the session, whatever comes of it. */
  send(method: string, question: Question = {}): Promise<Answer> {
    return ask(this.#visit, this.#url, {
      ...question,
      method,
      headers: { ...this.#headers, ...question.headers },
    });
  }

  /** PATCH: bytes at the end of what is there. Throws Trouble. */
  async append(body: Buffer | Readable): Promise<Answer> {
    const answer = await this.send('PATCH', {
      body,
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (answer.status !== 202) throw refusal('PATCH of an upload', answer);
    this.#url = follow(this.#visit, 'PATCH', this.#url, answer);
    return answer;
  }

  /** PUT: the rest of a blob, which may be nothing. Throws Trouble. */
  async finish(digest: string, body?: Buffer): Promise<void> {
    const url = new URL(this.#url);
    url.searchParams.append('digest', digest);
    const headers = { ...this.#headers, 'content-type': 'application/octet-stream' };
    const answer = await ask(this.#visit, url, { method: 'PUT', headers, ...(body && { body }) });
    if (answer.status !== 201) throw refusal('PUT of an upload', answer);
    if (answer.headers.location !== undefined) follow(this.#visit, 'PUT', this.#url, answer);
    this.#visit.cleanup.drop(this.#label);
  }

  /** DELETE: the answer, also when it is a refusal; the session is not asked to go again when it said 204. */
  async cancel(): Promise<Answer> {
    const answer = await this.send('DELETE');
    if (answer.status === 204) this.#visit.cleanup.drop(this.#label);
    return answer;
  }

  async #cancel(signal: AbortSignal): Promise<void> {
    const { status } = await ask({ ...this.#visit, signal }, this.#url, {
      method: 'DELETE',
      headers: this.#headers,
    });
    // Registries that know no DELETE of a session let it expire.
    if (![200, 202, 204, 404, 405].includes(status)) throw new Error(`DELETE answered ${status}`);
  }
}

/** Where an answer leads, on the way that this client has: a wrong host in it is noted, and not gone to. */
function follow({ facts, base }: Visit, of: string, from: URL, { headers }: Answer): URL {
  const text = headers.location;
  if (text === undefined || !URL.canParse(text, from.href))
    throw new Trouble(
      `${of} of an upload answered without a Location that can be read`,
      'a proxy in front must pass the header Location on (nginx: proxy_hide_header, more_clear_headers)',
    );
  const url = new URL(text, from);
  facts.locations.push({ of, text, url });
  return new URL(url.pathname + url.search, base);
}
