import { Readable } from 'node:stream';
import { ask } from '../ask.ts';
import { authorize, pushScope } from '../authorize.ts';
import type { Check } from '../check.ts';
import { ok, Trouble } from '../finding.ts';
import { makeProbeImage, type ProbeBlob, type ProbeImage } from '../probe-image.ts';
import { inWords, refusal } from '../refusal.ts';
import { UploadSession } from '../upload-session.ts';
import type { Visit } from '../visit.ts';

/** Pushes a tiny image: the layer in a chunk without a length as docker does, the configuration whole as containerd does. */
export const uploadCheck: Check = {
  name: 'upload',
  needs: ['challenge', 'login'],
  async run(visit) {
    const image = makeProbeImage();
    const layer = await UploadSession.open(visit);
    await layer.append(Readable.from([image.layer.bytes]));
    await layer.finish(image.layer.digest);
    await confirm(visit, image.layer);
    const config = await UploadSession.open(visit);
    await config.finish(image.config.digest, image.config.bytes);
    await confirm(visit, image.config);
    await putManifest(visit, image);
    visit.facts.pushed = image;
    return [ok(`pushed ${visit.base.host}/${visit.name}:${image.tag}`)];
  },
};

/** docker asks for each blob right after it has pushed it, and gives up when it is not there. */
async function confirm(visit: Visit, { digest, bytes }: ProbeBlob): Promise<void> {
  const path = `/v2/${visit.name}/blobs/${digest}`;
  const headers = await authorize(visit, pushScope(visit.name));
  visit.cleanup.add(`the blob ${digest} of ${visit.name}`, (signal) => remove({ ...visit, signal }, path));
  const answer = await ask(visit, path, { method: 'HEAD', headers });
  if (answer.status === 404)
    throw new Trouble(
      'HEAD of a blob that was just pushed answered 404: reads do not go where writes go',
      'let HEAD under /v2/ go where PUT goes, not where GET goes (nginx: no "if ($request_method ...)" with two upstreams; a group needs the hosted repository as a member; Dockgate does the split itself)',
    );
  if (answer.status !== 200) throw refusal('HEAD of a blob that was just pushed', answer);
  const length = answer.headers['content-length'];
  if (length !== String(bytes.length))
    throw new Trouble(
      `HEAD of a blob of ${bytes.length} bytes answered with the length ${length ?? 'missing'}`,
      'let the proxy in front pass Content-Length on and not compress (nginx: gzip off for /v2/)',
    );
}

async function putManifest(visit: Visit, { tag, manifest }: ProbeImage): Promise<void> {
  const headers = await authorize(visit, pushScope(visit.name));
  const path = `/v2/${visit.name}/manifests/`;
  visit.cleanup.add(`the image ${visit.name}:${tag}`, (signal) =>
    remove({ ...visit, signal }, path + manifest.digest),
  );
  const answer = await ask(visit, path + tag, {
    method: 'PUT',
    headers: { ...headers, 'content-type': manifest.mediaType },
    body: manifest.bytes,
  });
  if (answer.status !== 201) throw refusal('PUT of a manifest', answer);
  if (answer.headers['docker-content-digest'] !== manifest.digest)
    throw new Trouble(
      'PUT of a manifest answered without its Docker-Content-Digest, which docker needs',
      'let the proxy in front pass the header on (nginx: no proxy_hide_header)',
    );
}

async function remove(visit: Visit, path: string): Promise<void> {
  const headers = await authorize(visit, pushScope(visit.name));
  const answer = await ask(visit, path, { method: 'DELETE', headers });
  if (![202, 200, 204, 404].includes(answer.status)) throw new Error(`DELETE answered ${inWords(answer)}`);
}
