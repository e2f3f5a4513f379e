import { parseName, parseReference } from '../../registry/index.ts';
import type { Config } from '../config/index.ts';
import { BadValue } from '../config/errors.ts';
import { parseImage } from '../config/images.ts';
import type { DoorKind, Doors } from '../doors.ts';
import { BadRequest } from './bad-request.ts';

/** An image as somebody named it, and the repository through which it is read. */
export interface RequestedImage {
  /** As it was named. */
  readonly image: string;
  /** The repository that the host reads from. */
  readonly repository: string;
  readonly name: ReturnType<typeof parseName>;
  readonly reference: ReturnType<typeof parseReference>;
}

/**
 * Reads `HOST/name:tag` when HOST (with a port or without) is one of the configured hosts, else a plain `name:tag`, which
 * is read through `host` or else through the first host that reads from a repository of ours. Throws BadRequest.
 */
export type ReadImage = (image: string, host?: string) => RequestedImage;

/** Makes the reader of a configuration's hosts. */
export function imageReader(config: Config, doors: Doors): ReadImage {
  const first = [...config.hosts.keys()].find((each) => readFrom(doors.ofHost(each)) !== undefined);
  return (image, host) => {
    const slash = image.indexOf('/');
    const start = slash < 0 ? '' : image.slice(0, slash).replace(/:\d+$/, '');
    const named = start !== '' && doors.ofConfigured(start) ? start : undefined;
    if (named !== undefined && host !== undefined && doors.ofHost(named) !== doors.ofConfigured(host))
      throw new BadRequest(`${image} names a host itself, and another than ${host}: leave one of them out`);
    const { name, reference } = parse(named === undefined ? image : image.slice(slash + 1), image);
    return {
      image,
      repository: repositoryOf(doors, host ?? named ?? first),
      name: parseName(name),
      reference: parseReference(reference),
    };
  };
}

function repositoryOf(doors: Doors, host: string | undefined): string {
  if (host === undefined)
    throw new BadRequest('no host of the configuration reads from a repository of this gateway');
  const door = doors.ofConfigured(host);
  if (!door) throw new BadRequest(`${host} is none of the hosts of the configuration`);
  const repository = readFrom(door);
  if (repository === undefined)
    throw new BadRequest(
      `${host} does not read from a repository of this gateway, so it knows nothing of it`,
    );
  return repository;
}

function readFrom(door: DoorKind): string | undefined {
  return door.kind === 'split' && 'repository' in door.split.read ? door.split.read.repository : undefined;
}

function parse(text: string, image: string): ReturnType<typeof parseImage> {
  try {
    return parseImage(text);
  } catch (fault) {
    if (fault instanceof BadValue) throw new BadRequest(`"${image}" ${fault.message}`, { cause: fault });
    throw fault;
  }
}
