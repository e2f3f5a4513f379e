import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { mediaTypes, type Digest } from '../../../registry/model/index.ts';
import { digestOf, reply, startScripted, type Script } from '../upstream/scripted.ts';

/** An image in memory: two blobs and a manifest. */
export interface FakeImage {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly blobs: readonly Buffer[];
}

/** An upstream of one test, that counts what it is asked. */
export interface FakeRegistry {
  readonly url: string;
  /** Keeps an image under a name and a tag. */
  push(name: string, tag: string, image: FakeImage): void;
  /** Keeps a blob under a name. */
  pushBlob(name: string, bytes: Buffer): Digest;
  /** Takes a tag away. */
  untag(name: string, tag: string): void;
  /** `GET /v2/x/manifests/latest`, in the order in which they came. */
  readonly asked: readonly string[];
  /** How many requests began with this, such as `HEAD /v2/library/`. */
  count(beginning: string): number;
  /** From now on this answers in its place, unless it gives false. */
  behave(script: ((...of: Parameters<Script>) => boolean) | undefined): void;
}

const page = (response: ServerResponse, status: number): void => {
  reply(response, status, { 'content-type': 'application/json' }, '{"errors":[{"code":"X"}]}');
};

/** Starts an upstream that ends with the test. */
export async function startRegistry(): Promise<FakeRegistry> {
  const manifests = new Map<string, Buffer>();
  const blobs = new Map<string, Buffer>();
  const asked: string[] = [];
  let behaviour: ((...of: Parameters<Script>) => boolean) | undefined;
  const pushBlob = (name: string, bytes: Buffer): Digest => {
    blobs.set(`/v2/${name}/blobs/${digestOf(bytes)}`, bytes);
    return digestOf(bytes);
  };
  const { url } = await startScripted((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.method ?? ''} ${path}`);
    if (behaviour?.(request, response)) return;
    const manifest = manifests.get(path);
    const blob = blobs.get(path);
    if (manifest)
      reply(
        response,
        200,
        { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': digestOf(manifest) },
        manifest,
      );
    else if (blob) sendBlob(blob, request.headers.range, response);
    else page(response, 404);
  });
  return {
    url,
    asked,
    count: (beginning) => asked.filter((each) => each.startsWith(beginning)).length,
    push(name, tag, image) {
      manifests.set(`/v2/${name}/manifests/${tag}`, image.bytes);
      manifests.set(`/v2/${name}/manifests/${image.digest}`, image.bytes);
      for (const blob of image.blobs) pushBlob(name, blob);
    },
    pushBlob,
    untag: (name, tag) => void manifests.delete(`/v2/${name}/manifests/${tag}`),
    behave(script) {
      behaviour = script;
    },
  };
}

/** Sends a blob from where a range begins. */
export function sendBlob(blob: Buffer, range: string | undefined, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (from === 0) reply(response, 200, {}, blob);
  else {
    const headers = { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` };
    reply(response, 206, headers, blob.subarray(from));
  }
}

/** Answers every request so, and says so. */
export function always(
  status: number,
  headers: Record<string, string> = {},
): (...of: Parameters<Script>) => boolean {
  return (_, response) => {
    reply(response, status, headers, '{"errors":[]}');
    return true;
  };
}

/** Breaks every connection. */
export function unreachable(...[request]: Parameters<Script>): boolean {
  request.socket.destroy();
  return true;
}

/** An image that nobody has seen, with a layer of that many bytes; `more` is added to its JSON. */
export function makeImage(size = 1000, more: object = {}): FakeImage {
  const blobs = [randomBytes(20), randomBytes(size)];
  const [config, layer] = blobs.map((bytes) => ({
    mediaType: 'application/vnd.example',
    digest: digestOf(bytes),
    size: bytes.length,
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer], ...more }));
  return { bytes, digest: digestOf(bytes), blobs };
}
