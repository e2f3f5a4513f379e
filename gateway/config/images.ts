import { BadValue } from './errors.ts';
import { isComponent } from './names.ts';

const tag = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digest = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** An image as clients name it behind a host. */
export interface ImageReference {
  readonly name: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** The text of an image, checked. Throws BadValue. */
export function checkImage(text: string): string {
  parseImage(text);
  return text;
}

/**
 * An image as clients name it behind a host, `nginx:1.27` or `quay.io/coreos/etcd@sha256:…`; without tag and digest
 * it is `latest`, and of both the digest counts, as for docker. Throws BadValue (OCI distribution, "Pulling manifests").
 */
export function parseImage(text: string): ImageReference {
  const [, name = '', label, hash] = /^([^:@]*)(?::([^@]*))?(?:@(.*))?$/.exec(withoutHost(text)) ?? [];
  refuseBadName(name);
  if (label !== undefined && !tag.test(label)) {
    throw new BadValue('has no valid tag behind its ":"; write for example nginx:1.27');
  }
  if (hash !== undefined && !digest.test(hash)) {
    throw new BadValue(
      'has no valid digest behind its "@"; write sha256: and 64 characters from 0-9 and a-f',
    );
  }
  return { name, reference: hash ?? label ?? 'latest' };
}

/** The text again; throws BadValue when it says where the image is, which the hosts and repositories do. */
function withoutHost(text: string): string {
  if (/^[a-z]+:\/\//i.test(text)) throw new BadValue(`is a URL; ${asClients}`);
  if (/^[^/@]+:\d+\//.test(text)) throw new BadValue(`has a host with a port; ${asClients}`);
  return text;
}

const asClients = 'write it without, such as nginx:1.27';

function refuseBadName(name: string): void {
  if (/[A-Z]/.test(name)) throw new BadValue('has capitals in its name; image names are lower case');
  if (name.length > 255 || !name.split('/').every(isComponent)) {
    throw new BadValue('is not an image; write for example nginx:1.27 or quay.io/coreos/etcd:v3.5.0');
  }
}
