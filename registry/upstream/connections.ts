import type { Readable } from 'node:stream';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, Pool, ProxyAgent, type buildConnector, type Dispatcher } from 'undici';
import { thinkingTime } from './deadline.ts';
import { proxyFor } from './outbound.ts';
import type { Target } from './redirect.ts';
import type { ClientSettings } from './settings.ts';

/** What is sent to a target. */
export interface Sending {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly body?: Readable | Uint8Array;
  /** Instead of the settings' own, in ms: who puts a large blob together thinks for long. */
  readonly headersTimeout?: number;
}

/** The connections to an upstream and to whom it sends us on, direct or through a proxy. They are kept for a while. */
export class Connections {
  readonly #settings: ClientSettings;
  readonly #connectTimeout: number;
  readonly #ca: string[] | undefined;
  readonly #kept = new Map<string, Dispatcher>();
  #isClosed = false;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#connectTimeout = settings.connectTimeout ?? 10_000;
    // The usual authorities stay trusted: a private registry's token service or CDN may be a public one.
    if (settings.ca !== undefined) this.#ca = [...getCACertificates('default'), settings.ca];
  }

  /** The proxy through which a URL is asked for. */
  proxyFor(url: URL): URL | undefined {
    return proxyFor(this.#settings.outbound, url);
  }

  /** The answer's head, its body to follow; throws what undici throws. */
  async request(target: Target, sending: Sending): Promise<Dispatcher.ResponseData> {
    const { bodyTimeout = 60_000 } = this.#settings;
    return await this.#dispatcher(target).request({
      headersTimeout: thinkingTime(this.#settings),
      ...sending,
      origin: target.url.origin,
      path: target.url.pathname + target.url.search,
      bodyTimeout,
      // Without this the connection ends after every HEAD, and each revalidation would cost a handshake.
      reset: false,
    });
  }

  /** Ends every connection; bodies that are still read break off. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#kept.values().map((each) => each.destroy()));
  }

  #dispatcher({ url, isForeign }: Target): Dispatcher {
    const proxy = this.proxyFor(url);
    const key = `${isForeign ? 'foreign' : 'own'} ${proxy?.href ?? ''}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const tls = this.#tls(isForeign ? {} : { ...this.#settings.clientCertificate });
    // Downloads that share one HTTP/2 connection also share its flow control and its end.
    const made = proxy ? this.#through(proxy, tls) : new Agent({ connect: tls, allowH2: false });
    this.#kept.set(key, made);
    // Who asks after the end is told so, as the others were whose requests it broke off.
    if (this.#isClosed) void made.destroy();
    return made;
  }

  /** CONNECT for https; what is in clear anyhow is asked of the proxy itself. RFC 9110 9.3.6, 3.7. */
  #through(proxy: URL, requestTls: buildConnector.BuildOptions): Dispatcher {
    return new ProxyAgent({
      uri: proxy.href,
      requestTls,
      // The proxy is not the upstream: it is not shown our certificate.
      proxyTls: this.#tls({}),
      allowH2: false,
      // A proxy that does not get through to the upstream may think as long as a connection may take.
      clientFactory: (origin, options) =>
        new Pool(origin, { ...options, headersTimeout: this.#connectTimeout }),
    });
  }

  #tls(identity: { cert?: string; key?: string }): buildConnector.BuildOptions {
    const how = { timeout: this.#connectTimeout, allowH2: false };
    if (this.#ca === undefined && identity.cert === undefined) return how;
    // Made once: to read all authorities again for each connection takes tens of milliseconds.
    const trust = this.#ca === undefined ? {} : { ca: this.#ca };
    return { ...how, secureContext: createSecureContext({ ...trust, ...identity }) };
  }
}
