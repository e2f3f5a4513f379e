import type { Digest, Name, Operation } from '../model/index.ts';
import type { Exchange } from './exchange.ts';
import type { Handler, Target } from './handler.ts';
import type { Reply } from './reply.ts';
import { chunkOf, created, uploadPath } from './upload.ts';

type StartUpload = Extract<Operation, { kind: 'upload-start' }>;

/**
 * POST that mounts a blob, takes a whole one, or opens a session.
 * OCI distribution-spec 1.1, "Pushing blobs", end-4a, end-4b, end-11.
 */
export const startUpload: Handler<StartUpload> = async (exchange, operation, target) => {
  const repository = target.hosted();
  repository.refuseUnlessWritable();
  const place = { repository: repository.repository, name: operation.name };
  if (operation.mount && (await mount(exchange, operation.name, operation.mount, target))) {
    exchange.facts.digest = operation.mount.digest;
    return created(operation.name, operation.mount.digest);
  }
  const id = await target.uploads.start(place);
  if (operation.digest) {
    exchange.facts.digest = operation.digest;
    await target.uploads.finish(place, id, chunkOf(exchange), operation.digest);
    return created(operation.name, operation.digest);
  }
  return opened(operation.name, id);
};

/** Links a blob that this caller may read; false is no error, the client then uploads it (trap T6). */
async function mount(
  { caller }: Exchange,
  name: Name,
  { digest, from }: { digest: Digest; from: Name | undefined },
  { view, hosted }: Target,
): Promise<boolean> {
  const repository = hosted();
  if (from !== undefined) {
    if (!caller.may('pull', from)) return false;
    return repository.mountBlob(name, digest, [...repository.placesOf(from), ...view.placesOf(from)]);
  }
  const places = await repository.placesOfBlob(digest, [...repository.holders, ...view.holders]);
  return repository.mountBlob(
    name,
    digest,
    places.filter((each) => caller.may('pull', each.name)),
  );
}

function opened(name: Name, id: string): Reply {
  return {
    status: 202,
    headers: { Location: uploadPath(name, id), Range: '0-0', 'Docker-Upload-UUID': id, 'Content-Length': 0 },
  };
}
