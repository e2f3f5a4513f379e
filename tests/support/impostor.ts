// An upstream that has an image under every name, as whoever confuses dependencies would, run as a program:
//   node impostor.ts '{"address","folder","form"}'
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { makeImage, TYPES, type Blob, type Image } from './image.ts';
import type { Place } from './place.ts';
import { searchAnswer, type SearchForm } from './scripted-index.ts';

/** What the program is told; what it is sent goes into `folder`, one file for each connection. */
interface ImpostorSettings {
  readonly address: string;
  readonly folder: string;
  readonly form: SearchForm;
}

/** A running impostor: a registry with its token realm and its index on one port. */
export interface Impostor {
  readonly url: string;
  /** The digests of the one image that it gives under every name and every tag. */
  readonly manifest: string;
  readonly config: string;
  /** Every byte that it was sent since it was made or `forget` was called, connection by connection. */
  readonly received: () => Promise<string>;
  forget(): Promise<void>;
}

/** Starts an impostor in a process of its own, on a free port of the place. */
export async function startImpostor(place: Place, form: SearchForm = 'v1'): Promise<Impostor> {
  const folder = join(place.folder, `impostor-${randomUUID()}`);
  await mkdir(folder);
  const { address } = place;
  const settings: ImpostorSettings = { address, folder, form };
  const script = fileURLToPath(import.meta.url);
  const server = place.spawn([process.execPath, script, JSON.stringify(settings)]);
  const [, port = '', manifest = '', config = ''] = await server.waitFor(/listening on (\d+) (\S+) (\S+)\n/);
  const ofAll = async <T>(act: (path: string) => Promise<T>): Promise<T[]> =>
    await Promise.all((await readdir(folder)).map((file) => act(join(folder, file))));
  return {
    url: `http://${address}:${port}`,
    manifest,
    config,
    received: async () => (await ofAll((path) => readFile(path, 'latin1'))).join(''),
    async forget() {
      await ofAll((path) => rm(path));
    },
  };
}

/**
 * The lines of what was received that have one of the words, also in capitals or percent-encoded: one line for each
 * place where a word is, so that a failing test shows how it got out.
 */
export function linesWith(words: readonly string[], received: string): string[] {
  const decoded = received.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return decoded.split(/\r?\n/).filter((line) => words.some((word) => line.toLowerCase().includes(word)));
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

const json = (status: number, value: object): Answer => ({
  status,
  type: 'application/json',
  body: Buffer.from(JSON.stringify(value)),
});

function contentOf(image: Image, kind: string, reference: string): Answer | undefined {
  const serve = (type: string, { bytes }: Blob): Answer => ({ status: 200, type, body: bytes });
  const { manifest } = image;
  if (kind === 'manifests' && (reference === manifest.digest || !reference.includes(':')))
    return serve(manifest.mediaType, manifest);
  const blob = [...image.layers, image.config].find(({ digest }) => digest === reference);
  return kind === 'blobs' && blob ? serve('application/octet-stream', blob) : undefined;
}

function answer(image: Image, form: SearchForm, url: URL, loggedIn: boolean): Answer | undefined {
  if (url.pathname === '/token') return json(200, { token: 'any', access_token: 'any', expires_in: 300 });
  const query = url.searchParams.get('q') ?? url.searchParams.get('query') ?? '';
  const found = searchAnswer(form, url, [{ name: `${query.replaceAll(/[^a-z0-9]/g, '')}-impostor` }]);
  if (found) return json(200, found);
  if (!url.pathname.startsWith('/v2/')) return undefined;
  if (!loggedIn) return json(401, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
  const [, name = '', kind = '', reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.+)$/.exec(url.pathname) ?? [];
  if (kind === '') return json(200, {});
  if (kind === 'tags') return json(200, { name, tags: ['1', '99'] });
  if (kind === 'referrers') return json(200, { schemaVersion: 2, mediaType: TYPES.oci.index, manifests: [] });
  return contentOf(image, kind, reference);
}

function createImpostor({ folder, form }: ImpostorSettings, image: Image): http.Server {
  let connections = 0;
  const server = http.createServer((incoming, response) => {
    const at = `http://${incoming.headers.host ?? ''}`;
    const loggedIn = incoming.headers.authorization?.startsWith('Bearer ') ?? false;
    const { status, type, body } =
      answer(image, form, new URL(incoming.url ?? '/', at), loggedIn) ??
      json(404, { errors: [{ code: 'NOT_FOUND', message: 'not found' }] });
    if (status === 401)
      response.setHeader('www-authenticate', `Bearer realm="${at}/token",service="impostor"`);
    response.writeHead(status, { 'content-type': type, 'content-length': body.length });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  });
  // After node's own listener, which else would take the bytes past this one.
  return server.on('connection', (socket: Socket) => {
    const file = join(folder, String((connections += 1)));
    // Written before it is answered: whoever has an answer finds what it asked.
    socket.on('data', (bytes) => {
      appendFileSync(file, bytes);
    });
  });
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '{}') as ImpostorSettings;
  const image = makeImage();
  const server = createImpostor(settings, image);
  server.listen(0, settings.address, () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`listening on ${port} ${image.manifest.digest} ${image.config.digest}\n`);
  });
}
