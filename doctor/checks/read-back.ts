import { ask, type Answer } from '../ask.ts';
import { authorize, pushScope } from '../authorize.ts';
import type { Check } from '../check.ts';
import { error, ok, type Remark } from '../finding.ts';
import type { ProbeImage } from '../probe-image.ts';
import { readBlob } from '../read-blob.ts';
import { inWords } from '../refusal.ts';
import type { Visit } from '../visit.ts';

/** Reads what was pushed, and compares what HEAD and GET say. */
export const readBackCheck: Check = {
  name: 'read-back',
  needs: ['upload'],
  async run(visit) {
    const image = visit.facts.pushed;
    if (!image) throw new Error('nothing was pushed');
    const asPuller = await authorize(visit, `repository:${visit.name}:pull`);
    const asPusher = await authorize(visit, pushScope(visit.name));
    const remarks = [
      ...(await compare(visit, image, image.tag, asPuller)),
      ...(await compare(visit, image, image.manifest.digest, asPuller)),
      ...(await askAsPusher(visit, image, asPusher)),
      ...(await readLayer(visit, image, asPuller)),
    ];
    const different = remarks.filter(
      ({ what }, at) => remarks.findIndex((each) => each.what === what) === at,
    );
    return different.length > 0 ? different : [ok('HEAD and GET give what was pushed')];
  },
};

const sameWay =
  'let GET and HEAD of /v2/ go to the same place, one that has what was pushed (nginx: no "if ($request_method ...)"; a group needs the hosted repository as a member)';
/** What a client goes by. */
const telling = ['content-type', 'content-length', 'docker-content-digest'] as const;

async function compare(
  visit: Visit,
  { manifest }: ProbeImage,
  reference: string,
  own: Record<string, string>,
): Promise<readonly Remark[]> {
  // Clients written in Go say that they take gzip.
  const headers = { ...own, accept: manifest.mediaType, 'accept-encoding': 'gzip' };
  const path = `/v2/${visit.name}/manifests/${reference}`;
  const head = await ask(visit, path, { method: 'HEAD', headers });
  const get = await ask(visit, path, { headers });
  if (get.status !== 200 || head.status !== 200)
    return [
      error(
        head.status === get.status
          ? `GET of the manifest that was just pushed answered ${inWords(get)}`
          : `HEAD of the manifest that was just pushed answered ${head.status}, and GET ${inWords(get)}`,
        sameWay,
      ),
    ];
  return [...judgeHeaders(head, get, manifest.digest), ...judgeBytes(get, manifest.bytes)];
}

function judgeHeaders(head: Answer, get: Answer, digest: string): readonly Remark[] {
  const differ = telling.filter((name) => head.headers[name] !== get.headers[name]);
  const remarks = differ.map((name) =>
    error(
      `HEAD and GET of a manifest disagree on ${name}: ${String(head.headers[name])} and ${String(get.headers[name])}`,
      `${sameWay}; a proxy in front must not compress or rewrite (nginx: gzip off; Caddy: no encode; HAProxy: no compression)`,
    ),
  );
  if (differ.length > 0 || get.headers['docker-content-digest'] === digest) return remarks;
  return [
    error(
      `the manifest that was just pushed as ${digest} is read as ${String(get.headers['docker-content-digest'])}`,
      sameWay,
    ),
  ];
}

function judgeBytes({ body, headers }: Answer, bytes: Buffer): readonly Remark[] {
  if (body.equals(bytes)) return [];
  const coding = headers['content-encoding'];
  return [
    error(
      `the manifest is not read as it was pushed${coding === undefined ? '' : `: it comes with Content-Encoding ${coding}`}`,
      'let the proxy in front pass bodies on as they are (nginx: gzip off, no sub_filter; Caddy: no encode; HAProxy: no compression)',
    ),
  ];
}

/** containerd asks so whether it can leave out the push: an answer from elsewhere loses the image. */
async function askAsPusher(
  visit: Visit,
  { manifest, tag }: ProbeImage,
  own: Record<string, string>,
): Promise<readonly Remark[]> {
  const headers = { ...own, accept: manifest.mediaType };
  const head = await ask(visit, `/v2/${visit.name}/manifests/${tag}`, { method: 'HEAD', headers });
  if (head.headers['docker-content-digest'] === manifest.digest) return [];
  return [
    error(
      `HEAD of the manifest that was just pushed answered ${head.status} to its pusher`,
      'let HEAD go where PUT goes (nginx: no "if ($request_method ...)")',
    ),
  ];
}

async function readLayer(
  visit: Visit,
  { layer }: ProbeImage,
  headers: Record<string, string>,
): Promise<readonly Remark[]> {
  const path = `/v2/${visit.name}/blobs/${layer.digest}`;
  const whole = await readBlob(visit, path, headers, { 'accept-encoding': 'gzip' });
  if (whole.status !== 200)
    return [error(`GET of a blob that was just pushed answered ${inWords(whole)}`, sameWay)];
  if (!whole.body.equals(layer.bytes))
    return [
      error(
        'a blob is not read as it was pushed',
        'let the proxy in front pass bodies on as they are (nginx: gzip off, no sub_filter, no proxy_cache with another key than the path)',
      ),
    ];
  const part = await readBlob(visit, path, headers, { range: 'bytes=10-' });
  if (part.status === 206 && part.body.equals(layer.bytes.subarray(10))) return [];
  return [
    error(
      `GET of the rest of a blob answered ${inWords(part)}, so a pull that broke off cannot go on`,
      'let the proxy in front pass Range and answers with 206 on (nginx: no proxy_cache or slice that drops Range)',
    ),
  ];
}
