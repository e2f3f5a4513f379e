import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createUpstream, type Upstream, type UpstreamSettings } from '../../../registry/upstream/index.ts';
import { mediaTypes, parseDigest, parseName, type Digest } from '../../../registry/model/index.ts';

/** What a scripted server does with a request. */
export type Script = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A server of one test that follows its script and remembers what it was asked; it ends with the test. */
export interface Scripted {
  readonly url: string;
  readonly seen: readonly http.IncomingMessage[];
  /** How many connections are open. */
  open(): Promise<number>;
}

/** Starts a server on a free port of loopback; with `tls` it speaks https. */
export async function startScripted(script: Script, tls?: https.ServerOptions): Promise<Scripted> {
  const seen: http.IncomingMessage[] = [];
  const listener: Script = (request, response) => {
    seen.push(request);
    script(request, response);
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  const open = (): Promise<number> =>
    new Promise((resolve, reject) => {
      server.getConnections((error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, seen, open };
}

/** The upstream under test, called `hub`; it ends with the test. */
export function upstreamAt(url: string, settings: Partial<UpstreamSettings> = {}): Upstream {
  const upstream = createUpstream({ name: 'hub', urls: [new URL(url)], ...settings });
  onTestFinished(async () => {
    await upstream.close();
  });
  return upstream;
}

/** An answer with a body of known length. */
export function reply(
  response: http.ServerResponse,
  status: number,
  headers: http.OutgoingHttpHeaders = {},
  body: Buffer | string = '',
): void {
  const bytes = Buffer.from(body as string);
  response.writeHead(status, { 'content-length': bytes.length, ...headers }).end(bytes);
}

/** The sha256 digest of bytes. */
export function digestOf(bytes: Buffer | string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

export const name = parseName('library/nginx');
/** What the good registry of these tests holds: one manifest, and one blob of 200,000 bytes. */
export const manifest = Buffer.from('{"schemaVersion":2}');
export const manifestDigest = digestOf(manifest);
export const blob = Buffer.alloc(200_000, 'dockgate');
export const blobDigest = digestOf(blob);

const manifestType = { 'content-type': mediaTypes.ociManifest };

/** Answers as a registry should, for every name. */
export const goodRegistry: Script = (request, response) => {
  const path = request.url ?? '';
  if (path.includes('/manifests/'))
    reply(response, 200, { ...manifestType, 'docker-content-digest': manifestDigest }, manifest);
  else if (path.includes('/tags/list')) reply(response, 200, {}, '{"name":"x","tags":["1.0","latest"]}');
  else sendBlob(request, response);
};

function sendBlob(request: http.IncomingMessage, response: http.ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = blob.subarray(from);
  if (from === 0) reply(response, 200, { 'docker-content-digest': blobDigest }, blob);
  else reply(response, 206, { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` }, part);
}
