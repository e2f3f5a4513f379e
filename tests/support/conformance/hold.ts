import type { Content } from './content.ts';
import { documents } from './documents.ts';
import type { Got, Send, Sent } from './door.ts';

interface Described {
  readonly digest: string;
}

/**
 * Pushes what a row holds, `[other ]blob TEXT` or `[other ]DOCUMENT[:TAG]`, with all that it references; gives the
 * path of it.
 */
export async function hold(send: Send, content: Content, what: string): Promise<string> {
  const [, other = '', rest = ''] = /^(other )?(.*)$/s.exec(what) ?? [];
  const name = content.render(other === '' ? '<name>' : '<other>');
  if (rest.startsWith('blob ')) return holdBlob(send, content, name, rest.slice('blob '.length));
  const [document = '', tag] = rest.split(':', 2);
  return holdManifest(send, content, name, document, tag === undefined ? undefined : content.render(tag));
}

async function holdBlob(send: Send, content: Content, name: string, text: string): Promise<string> {
  const digest = content.digestOf(text);
  const opened = await sure(send, {
    method: 'POST',
    path: `/v2/${name}/blobs/uploads/`,
    headers: [],
    body: undefined,
  });
  const location = new URL(valueOf(opened, 'location'), 'http://registry.test');
  location.searchParams.set('digest', digest);
  const body = content.textOf(text);
  const headers = [['Content-Length', String(Buffer.byteLength(body))]] as const;
  await sure(send, { method: 'PUT', path: `${location.pathname}${location.search}`, headers, body });
  return `/v2/${name}/blobs/${digest}`;
}

async function holdManifest(
  send: Send,
  content: Content,
  name: string,
  what: string,
  tag: string | undefined,
): Promise<string> {
  const { text, type } = content.document(what);
  const {
    config,
    layers = [],
    manifests = [],
  } = JSON.parse(text) as {
    config?: Described;
    layers?: (Described & { mediaType: string })[];
    manifests?: Described[];
  };
  const near = layers.filter(({ mediaType }) => !/nondistributable|foreign/.test(mediaType));
  for (const { digest } of [...(config ? [config] : []), ...near])
    await holdBlob(send, content, name, nameOf(content, digest));
  for (const { digest } of manifests)
    await holdManifest(send, content, name, nameOf(content, digest), undefined);
  // A tag alone would get the canonical digest, sha256.
  const byTag = tag !== undefined && content.algorithm === 'sha256';
  const reference = byTag ? tag : content.digestOf(what);
  const query = byTag || tag === undefined ? '' : `?tag=${tag}`;
  await sure(send, {
    method: 'PUT',
    path: `/v2/${name}/manifests/${reference}${query}`,
    headers: [
      ['Content-Type', type],
      ['Content-Length', String(Buffer.byteLength(text))],
    ],
    body: text,
  });
  return `/v2/${name}/manifests/${tag ?? reference}`;
}

function nameOf(content: Content, digest: string): string {
  const what = content.named(digest);
  if (what === undefined) throw new Error(`nobody has ${digest}`);
  return what;
}

/** True when registries from before OCI 1.1 take all that a row holds. */
export function isOld(holds: readonly string[]): boolean {
  return holds.every((each) => {
    const what = each.replace(/^other /, '');
    return what.startsWith('blob ') || documents[what.split(':', 1)[0] ?? '']?.old === true;
  });
}

async function sure(send: Send, sent: Sent): Promise<Got> {
  const got = await send(sent);
  if (got.status < 300) return got;
  throw new Error(`${sent.method} ${sent.path} answered ${got.status}: ${got.body.toString('utf8')}`);
}

function valueOf({ headers }: Got, name: string): string {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? '';
}
