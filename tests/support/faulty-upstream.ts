import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from './image.ts';
import { answerBadly, answerWell, type GoodAnswer, type UpstreamFault } from './upstream-faults.ts';

/** What is served under one path. */
export interface Content {
  readonly type: string;
  readonly bytes: Buffer;
}

/** A request as the server got it. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A certificate and its key, as paths of PEM files. */
interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** How the server is set up. */
export interface FaultyUpstreamOptions {
  /** The address to listen on; `127.0.0.1` when left out. */
  readonly address?: string;
  /** Speaks https with the first, and with the second while the fault `TLS wrong` is on. */
  readonly tls?: { readonly right: KeyPair; readonly wrong: KeyPair };
  /** Asks for no token. */
  readonly isOpen?: boolean;
  /** Where the fault `redirect to another host` leads. */
  readonly elsewhere?: string;
}

/** A registry of one test that fails as it is told: with a token realm that lets anybody in, and a search index. */
export interface FaultyUpstream {
  /** `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Everything that it was asked, the realm too, in the order in which it came. */
  readonly requests: readonly Asked[];
  /** Serves content under a path, without its query; what was there goes. */
  serve(path: string, content: Content): void;
  /**
   * From now on it fails so for every path that matches, the realm excepted unless a pattern says otherwise, and for
   * GET and HEAD unless one of them is given. Of several faults the one counts that was switched on last.
   */
  fail(fault: UpstreamFault, paths?: RegExp, method?: 'GET' | 'HEAD'): Promise<void>;
  /** From now on it answers as it should. */
  heal(): Promise<void>;
  /** How many requests are not yet answered to their end. */
  running(): number;
  /** How many connections are open, those without a request too. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** A fault, and for what; without a method for all. */
interface SwitchedOn {
  readonly fault: UpstreamFault;
  readonly paths: RegExp;
  readonly method: 'GET' | 'HEAD' | undefined;
}

const REGISTRY = /^\/v[12]\//;
const TOKEN = 'anybodys-token';

/** Starts a server that holds nothing and has no fault; it must be closed. */
export async function startFaultyUpstream(options: FaultyUpstreamOptions = {}): Promise<FaultyUpstream> {
  const upstream = new ScriptedUpstream(options);
  await upstream.start();
  return upstream;
}

class ScriptedUpstream implements FaultyUpstream {
  readonly requests: Asked[] = [];
  readonly #options: FaultyUpstreamOptions;
  readonly #contents = new Map<string, Content>();
  readonly #reset = new Set<string>();
  #faults: readonly SwitchedOn[] = [];
  #running = 0;
  #port = 0;
  #server: http.Server = http.createServer();

  constructor(options: FaultyUpstreamOptions) {
    this.#options = options;
  }

  get url(): string {
    const { address = '127.0.0.1', tls } = this.#options;
    return `${tls ? 'https' : 'http'}://${address}:${this.#port}`;
  }

  /** Listens on the port that it had before, if any; somebody may have it for a moment. */
  async start(tls = this.#options.tls?.right): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#server = await this.#create(tls);
      try {
        this.#server.listen(this.#port, this.#options.address ?? '127.0.0.1');
        await once(this.#server, 'listening');
        this.#port = (this.#server.address() as AddressInfo).port;
        return;
      } catch (fault) {
        if (attempt === 50) throw fault;
        await sleep(100);
      }
    }
  }

  serve(path: string, content: Content): void {
    this.#contents.set(path, content);
  }

  async fail(fault: UpstreamFault, paths = REGISTRY, method?: 'GET' | 'HEAD'): Promise<void> {
    this.#faults = [{ fault, paths, method }, ...this.#faults];
    if (fault === 'refused') await this.close();
    if (fault !== 'TLS wrong') return;
    await this.close();
    await this.start(this.#options.tls?.wrong);
  }

  async heal(): Promise<void> {
    const hasGone = this.#faults.some(({ fault }) => fault === 'refused' || fault === 'TLS wrong');
    this.#faults = [];
    this.#reset.clear();
    if (!hasGone) return;
    await this.close();
    await this.start();
  }

  running(): number {
    return this.#running;
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((fault, count) => {
        if (fault) reject(fault);
        else resolve(count);
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #create(tls: KeyPair | undefined): Promise<http.Server> {
    const listener: http.RequestListener = (request, response) => {
      this.#answer(request, response);
    };
    // It must be the client that gives an idle connection up.
    const lasting = { keepAliveTimeout: 600_000, requestTimeout: 0 };
    if (!tls) return http.createServer(lasting, listener);
    const pair = { cert: await readFile(tls.cert), key: await readFile(tls.key) };
    return https.createServer({ ...lasting, ...pair }, listener);
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, url, authorization: headers.authorization });
    this.#running += 1;
    response.once('close', () => (this.#running -= 1));
    const path = new URL(url, this.url).pathname;
    const good = this.#goodAnswer(path, request);
    const fault = this.#faultOf(method, path);
    const isRepeated = this.#reset.has(path);
    const failing = { request, response, good, isRepeated, elsewhere: this.#options.elsewhere ?? '' };
    // Strangers are asked for a token first: what anonymous callers are refused, they are refused with one.
    if (fault === undefined || good.status === 401) {
      answerWell(failing);
      return;
    }
    if (method === 'GET') this.#reset.add(path);
    answerBadly(fault, failing);
  }

  #faultOf(method: string, path: string): UpstreamFault | undefined {
    const applies = (each: SwitchedOn): boolean =>
      (each.method ?? method) === method && each.paths.test(path);
    return this.#faults.find(applies)?.fault;
  }

  #goodAnswer(path: string, { headers }: http.IncomingMessage): GoodAnswer {
    if (path === '/token') return json(200, { token: TOKEN, expires_in: 3600 });
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1];
    if (name !== undefined && !this.#options.isOpen && headers.authorization !== `Bearer ${TOKEN}`)
      return this.#challenge(name);
    const content = this.#contents.get(path);
    if (!content) return json(404, { errors: [{ code: 'NOT_FOUND', message: 'not found' }] });
    return part(path, content, headers.range);
  }

  #challenge(name: string): GoodAnswer {
    const refusal = json(401, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
    const challenge = `Bearer realm="${this.url}/token",service="faulty",scope="repository:${name}:pull"`;
    return { ...refusal, headers: { ...refusal.headers, 'www-authenticate': challenge } };
  }
}

function json(status: number, value: object): GoodAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** All of the content, or what a range that begins somewhere asks for. */
function part(path: string, { type, bytes }: Content, range: string | undefined): GoodAnswer {
  const hasDigest = /\/(manifests|blobs)\//.test(path);
  const headers = { 'content-type': type, ...(hasDigest && { 'docker-content-digest': digestOf(bytes) }) };
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (from === 0) return { status: 200, headers, body: bytes };
  const contentRange = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: bytes.subarray(from) };
}
