import { createHash } from 'node:crypto';
import type { Answer } from './ask.ts';
import { authorize } from './authorize.ts';
import { Trouble } from './finding.ts';
import { readBlob } from './read-blob.ts';
import { faultOf, inWords, refusal, type UpstreamFault } from './refusal.ts';
import type { Visit } from './visit.ts';

/** What a pull brought. */
export interface Pulled {
  readonly bytes: number;
}

/** Why nothing came, and what to change; `fault` when an upstream of Dockgate is the reason. */
interface Refused {
  readonly what: string;
  readonly advice: string;
  readonly fault: UpstreamFault | undefined;
}

/** Nothing came: `absent`: there is no such image. */
export type NotPulled = { readonly absent: string; readonly fault: UpstreamFault | undefined } | Refused;

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
 * its configuration and its smallest layer. Throws Trouble and Silence. OCI distribution-spec 1.1, "Pull".
 */
export async function pull(visit: Visit, image: string): Promise<Pulled | NotPulled> {
  const { name, reference } = readImage(image);
  const headers = { ...(await authorize(visit, `repository:${name}:pull`)), accept: accepted };
  const get = (path: string): Promise<Answer> => readBlob(visit, `/v2/${name}/${path}`, headers);
  try {
    const first = await get(`manifests/${reference}`);
    if (first.status === 404) return { absent: `${image}: ${inWords(first)}`, fault: faultOf(first) };
    if (first.status !== 200) return refused(`the manifest of ${image}`, first);
    const child = platformOf(first.body);
    const index = child ? [first.body] : [];
    const second = child ? await getPart(get, `manifests/${child.digest}`, child, image) : first.body;
    if ('advice' in second) return second;
    let bytes = [...index, second].reduce((sum, { length }) => sum + length, 0);
    for (const part of blobsOf(second)) {
      const body = await getPart(get, `blobs/${part.digest}`, part, image);
      if ('advice' in body) return body;
      bytes += body.length;
    }
    return { bytes };
  } catch (fault) {
    if (visit.signal.aborted || fault instanceof Trouble) throw fault;
    return brokenOff(image, fault);
  }
}

/** The bytes of a part that a manifest names. */
async function getPart(
  get: (path: string) => Promise<Answer>,
  path: string,
  { digest }: Descriptor,
  image: string,
): Promise<Buffer | Refused> {
  const answer = await get(path);
  if (answer.status !== 200) return refused(`a part of ${image}`, answer);
  const [algorithm = ''] = digest.split(':', 1);
  if (!['sha256', 'sha512'].includes(algorithm)) return answer.body;
  const isWhole =
    createHash(algorithm).update(answer.body).digest('hex') === digest.slice(algorithm.length + 1);
  return isWhole ? answer.body : damaged(image);
}

/** `latest` where nothing else is named. */
function readImage(image: string): { readonly name: string; readonly reference: string } {
  const [name = '', digest] = image.split('@', 2);
  const [, path = name, tag] = /^(.*?)(?::([^/:]+))?$/.exec(name) ?? [];
  return { name: path, reference: digest ?? tag ?? 'latest' };
}

/** The entry of an index for the most usual platform, or its first; undefined for a manifest. */
function platformOf(body: Buffer): Descriptor | undefined {
  const { manifests } = read(body) as { manifests?: readonly Descriptor[] };
  const usual = ({ platform }: Descriptor): boolean =>
    platform?.os === 'linux' && platform.architecture === 'amd64';
  return manifests?.find(usual) ?? manifests?.[0];
}

/** The configuration, and the smallest layer when it is small. */
function blobsOf(body: Buffer): readonly Descriptor[] {
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

function refused(what: string, answer: Answer): Refused {
  const { message, advice } = refusal(`GET of ${what}`, answer);
  const fault = faultOf(answer);
  const mayNot =
    'whoever has the image names this part and does not give it: an account may be needed there, or the image is damaged';
  const why = fault?.kind === 'hidden' ? `: ${fault.message}` : '';
  return { what: message + why, advice: answer.status === 404 ? mayNot : advice, fault };
}

function damaged(image: string): Refused {
  return {
    what: `a part of ${image} has another digest than it should have`,
    advice:
      'something on the way changes bodies: let the proxy in front pass them on as they are (nginx: gzip off, no sub_filter)',
    fault: undefined,
  };
}

function brokenOff(image: string, fault: unknown): Refused {
  return {
    what: `the pull of ${image} broke off (${fault instanceof Error ? fault.message : String(fault)})`,
    advice:
      'the log of the gateway says why: it cuts what an upstream sends damaged or stops sending, and so does a timeout of a proxy in front',
    fault: undefined,
  };
}
