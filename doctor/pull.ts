import { createHash } from 'node:crypto';
import { ask, type Answer } from './ask.ts';
import { authorize } from './authorize.ts';
import { readBlob } from './read-blob.ts';
import { faultOf, inWords, refusal, type UpstreamFault } from './refusal.ts';
import type { Visit } from './visit.ts';

/** What a pull brought. */
export interface Pulled {
  readonly bytes: number;
}

/** Nothing came: `absent`: there is no such image, else why. */
export type NotPulled =
  | { readonly absent: string }
  | { readonly what: string; readonly advice: string; readonly fault: UpstreamFault | undefined };

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

/** In bytes: what more than the configuration of an image is fetched of it. */
const largestLayer = 1024 * 1024;

const accepted = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Pulls `quay.io/podman/hello:latest` as clients do, but for its large layers: the index, the manifest of one platform,
 * its configuration and its smallest layer. OCI distribution-spec 1.1, "Pull".
 */
export async function pull(visit: Visit, image: string): Promise<Pulled | NotPulled> {
  const { name, reference } = readImage(image);
  const headers = { ...(await authorize(visit, `repository:${name}:pull`)), accept: accepted };
  const manifestOf = (which: string): Promise<Answer> =>
    ask(visit, `/v2/${name}/manifests/${which}`, { headers });
  const first = await manifestOf(reference);
  if (first.status !== 200) return notPulled(image, 'manifest', first);
  const child = platformOf(first);
  const second = child ? await manifestOf(child.digest) : first;
  if (second.status !== 200) return notPulled(image, 'manifest of its platform', second);
  if (child && digestOf(second.body) !== child.digest) return damaged(image);
  let bytes = first.body.length + (child ? second.body.length : 0);
  for (const { digest } of blobsOf(second)) {
    const answer = await readBlob(visit, `/v2/${name}/blobs/${digest}`, headers);
    if (answer.status !== 200) return notPulled(image, 'blob', answer);
    if (digestOf(answer.body) !== digest) return damaged(image);
    bytes += answer.body.length;
  }
  return { bytes };
}

/** `latest` where nothing else is named. */
export function readImage(image: string): { readonly name: string; readonly reference: string } {
  const [name = '', digest] = image.split('@', 2);
  const [, path = name, tag] = /^(.*?)(?::([^/:]+))?$/.exec(name) ?? [];
  return { name: path, reference: digest ?? tag ?? 'latest' };
}

/** The entry of an index for the most usual platform, or its first; undefined for a manifest. */
function platformOf({ body }: Answer): Descriptor | undefined {
  const { manifests } = read(body) as { manifests?: readonly Descriptor[] };
  const usual = ({ platform }: Descriptor): boolean =>
    platform?.os === 'linux' && platform.architecture === 'amd64';
  return manifests?.find(usual) ?? manifests?.[0];
}

/** The configuration, and the smallest layer when it is small. */
function blobsOf({ body }: Answer): readonly Descriptor[] {
  const { config, layers = [] } = read(body) as { config?: Descriptor; layers?: readonly Descriptor[] };
  const [smallest] = layers.filter(({ size }) => size <= largestLayer).sort((a, b) => a.size - b.size);
  return [config, smallest].filter((each) => each !== undefined && each.size <= largestLayer) as Descriptor[];
}

function read(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    // What is no JSON has no parts; its type and digest were compared by whoever serves it.
    return {};
  }
}

function notPulled(image: string, part: string, answer: Answer): NotPulled {
  if (answer.status === 404) return { absent: `${image}: ${inWords(answer)}` };
  const { message, advice } = refusal(`GET of the ${part} of ${image}`, answer);
  return { what: message, advice, fault: faultOf(answer) };
}

function damaged(image: string): NotPulled {
  return {
    what: `a part of ${image} has another digest than it should have`,
    advice:
      'something on the way changes bodies: let the proxy in front pass them on as they are (nginx: gzip off, no sub_filter)',
    fault: undefined,
  };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
