import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './http-request.ts';
import type { Blob, Image } from './image.ts';
import type { LoopbackDockgate } from './loopback-dockgate.ts';

/** Clients write their files in pieces. */
const pieceSize = 64 * 1024;

/** What is sent; a stream goes out in chunks, without a length. */
export interface Sending {
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | Readable;
}

/** What a pull that was read to its end brought; `whole` is false when the connection broke. */
export interface Pulled {
  readonly status: number;
  readonly digest: string;
  readonly size: number;
  readonly whole: boolean;
}

/** A client of a Dockgate that keeps its connections, logged in as admin. */
export interface RegistryClient {
  /** A request whose headers are ready and whose body the caller writes. */
  begin(method: string, path: string, headers?: Sending['headers']): Promise<http.ClientRequest>;
  /** Sends a request and gives the answer as soon as its headers are here. */
  open(method: string, path: string, sending?: Sending): Promise<http.IncomingMessage>;
  /** Sends a request and reads the answer to its end. */
  send(method: string, path: string, sending?: Sending): Promise<Reply>;
  close(): void;
}

/** Makes a client; every client has connections of its own. */
export function createClient(dockgate: LoopbackDockgate): RegistryClient {
  const agent = new https.Agent({ keepAlive: true, ca: dockgate.ca });
  const begin: RegistryClient['begin'] = async (method, path, headers = {}) => {
    const authorization = await dockgate.authorization('');
    const url = new URL(path, dockgate.url);
    return https.request(url, { method, agent, headers: { authorization, ...headers } });
  };
  const open: RegistryClient['open'] = async (method, path, { headers, body } = {}) => {
    const length = Buffer.isBuffer(body) ? { 'content-length': body.length } : {};
    const request = await begin(method, path, { ...length, ...headers });
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    // An answer may come before all was sent; then the rest is of no interest.
    else pipeline(body, request).catch((fault: unknown) => request.destroy(fault as Error));
    const [answer] = await answered;
    return answer;
  };
  return {
    begin,
    open,
    async send(method, path, sending) {
      const answer = await open(method, path, sending);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
    },
    close() {
      agent.destroy();
    },
  };
}

/** Answers with another status than `status` are exceptions that show the body. */
export async function expectStatus(status: number, reply: Promise<Reply>): Promise<Reply> {
  const got = await reply;
  if (got.status === status) return got;
  throw new Error(`expected ${status}, got ${got.status}: ${got.body.toString().slice(0, 500)}`);
}

/** Opens an upload session and gives its path. */
export async function startUpload(client: RegistryClient, name: string): Promise<string> {
  const reply = await expectStatus(202, client.send('POST', `/v2/${name}/blobs/uploads/`));
  return reply.headers.location ?? '';
}

/** Pushes a blob as docker does: POST, one PATCH without a length, PUT. Throws for any other answer. */
export async function pushBlob(client: RegistryClient, name: string, blob: Blob): Promise<void> {
  const path = await startUpload(client, name);
  await expectStatus(202, client.send('PATCH', path, { body: Readable.from(pieces(blob.bytes)) }));
  await expectStatus(201, client.send('PUT', `${path}?digest=${blob.digest}`));
}

/** Puts the manifest of an image whose blobs were pushed. Throws for any answer but 201. */
export async function pushManifest(
  client: RegistryClient,
  name: string,
  tag: string,
  { manifest }: Image,
): Promise<void> {
  const headers = { 'content-type': manifest.mediaType };
  await expectStatus(
    201,
    client.send('PUT', `/v2/${name}/manifests/${tag}`, { headers, body: manifest.bytes }),
  );
}

/** Pushes all of an image, its layers at the same time. */
export async function pushImage(
  client: RegistryClient,
  name: string,
  tag: string,
  image: Image,
): Promise<void> {
  await Promise.all([...image.layers, image.config].map((blob) => pushBlob(client, name, blob)));
  await pushManifest(client, name, tag, image);
}

/** Pulls a blob and forgets its bytes; an answer that is no 200 is read too. */
export async function pullBlob(client: RegistryClient, name: string, digest: string): Promise<Pulled> {
  return readPull(await client.open('GET', `/v2/${name}/blobs/${digest}`));
}

/** Reads the answer to a pull to where it ends. */
export async function readPull(answer: http.IncomingMessage): Promise<Pulled> {
  const hash = createHash('sha256');
  let size = 0;
  let whole = true;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      hash.update(piece);
      size += piece.length;
    }
  } catch {
    whole = false;
  }
  return { status: answer.statusCode ?? 0, digest: `sha256:${hash.digest('hex')}`, size, whole };
}

/** What is wrong with an image that should be there whole under a tag; empty when nothing is. */
export async function findDamage(
  client: RegistryClient,
  name: string,
  tag: string,
  image: Image,
): Promise<string[]> {
  const manifest = await client.send('GET', `/v2/${name}/manifests/${tag}`);
  const damage =
    manifest.status === 200 && manifest.body.equals(image.manifest.bytes)
      ? []
      : [`${name}:${tag} answered ${manifest.status}`];
  for (const { digest } of [...image.layers, image.config]) {
    const pulled = await pullBlob(client, name, digest);
    if (pulled.status !== 200 || !pulled.whole || pulled.digest !== digest)
      damage.push(`${name}@${digest} answered ${pulled.status}, ${pulled.size} bytes`);
  }
  return damage;
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
}
