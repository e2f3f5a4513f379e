import type { AccountKey } from './account-key.ts';
import { AcmeFailure, isRecord, printable, problemIn } from './problem.ts';
import type { Answer, Transport } from './transport.ts';

/** An answer with the JSON object that it carried, empty when it was none. */
export interface JsonAnswer extends Answer {
  json: Record<string, unknown>;
}

/** Addresses and terms of an ACME server (RFC 8555, 7.1.1). */
export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  needsExternalAccount: boolean;
}

/** Every nonce may be refused, and a few are at any time (RFC 8555, 6.5). */
const MOST_NONCES = 12;

/** Speaks with one ACME server as one account: nonces, signatures, problems. */
export class AcmeClient {
  readonly #transport: Transport;
  readonly #server: string;
  readonly #key: AccountKey;
  #directory: Directory | undefined;
  #nonce: string | undefined;

  constructor(transport: Transport, server: string, key: AccountKey) {
    this.#transport = transport;
    this.#server = server;
    this.#key = key;
  }

  /** The key of the account. */
  get key(): AccountKey {
    return this.#key;
  }

  /** Asked once. Throws AcmeFailure. */
  async directory(): Promise<Directory> {
    if (this.#directory) return this.#directory;
    const answer = checked(await this.#transport.send('GET', this.#server));
    const { newNonce, newAccount, newOrder, meta } = answer.json;
    if (typeof newNonce !== 'string' || typeof newAccount !== 'string' || typeof newOrder !== 'string') {
      throw new AcmeFailure(
        `${this.#server} is not the directory of an ACME server: correct tls.acme.directory`,
        { isJudged: false },
      );
    }
    const needsExternalAccount = isRecord(meta) && meta.externalAccountRequired === true;
    this.#directory = { newNonce, newAccount, newOrder, needsExternalAccount };
    return this.#directory;
  }

  /** Sends what is signed; `payload` undefined reads (POST-as-GET). Throws AcmeFailure for every refusal. */
  async post(url: string, account: string | undefined, payload?: unknown): Promise<JsonAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const nonce = this.#nonce ?? (await this.#newNonce());
      this.#nonce = undefined;
      const body = await this.#key.sign({ url, nonce, account }, payload);
      const answer = await this.#transport.send('POST', url, body);
      this.#nonce = answer.header('replay-nonce');
      try {
        return checked(answer);
      } catch (fault) {
        const isNonce = fault instanceof AcmeFailure && fault.problem?.type === 'badNonce';
        if (!isNonce || attempt === MOST_NONCES) throw fault;
      }
    }
  }

  async #newNonce(): Promise<string> {
    const { newNonce } = await this.directory();
    const answer = checked(await this.#transport.send('HEAD', newNonce));
    const nonce = answer.header('replay-nonce');
    if (nonce === undefined) throw new AcmeFailure(`${newNonce} gives no nonce`, { isJudged: false });
    return nonce;
  }
}

/** When an answer wants to be asked for again, in milliseconds since 1970 (RFC 9110, 10.2.3). */
export function retryAt({ header }: Answer): number | undefined {
  const value = header('retry-after') ?? '';
  const at = /^\d+$/.test(value) ? Date.now() + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/** Throws AcmeFailure unless the answer is a success. */
function checked(answer: Answer): JsonAnswer {
  const json = jsonIn(answer.text);
  if (answer.status >= 200 && answer.status < 300) return { ...answer, json };
  const problem = problemIn(json);
  const { host } = new URL(answer.url);
  const location = answer.header('location');
  const said =
    problem === undefined
      ? `${host} answered ${answer.status}${location === undefined ? '' : ` and leads to ${printable(location)}`} instead of an ACME answer: check tls.acme.directory`
      : `${host} refused: ${problem.detail} (${problem.type || answer.status})`;
  const isJudged = problem !== undefined && answer.status < 500;
  throw new AcmeFailure(said, { isJudged, problem, retryAt: retryAt(answer) });
}

function jsonIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
