import { BadValue } from './errors.ts';

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** What repositories, blob stores and roles are called in the configuration. Throws BadValue. */
export function parseLabel(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text)) {
    throw new BadValue(
      'is not a name; use letters, digits, ".", "_" and "-", and begin with a letter or digit',
    );
  }
  return text;
}

/** One component of an image's name (OCI distribution, "Pulling manifests"). */
export function isComponent(text: string): boolean {
  return component.test(text);
}

/** The prefix of a proxy. Throws BadValue. */
export function parsePrefix(text: string): string {
  if (!isComponent(text)) {
    throw new BadValue(
      'is not the first part of an image name; write for example quay.io: lower case, no "/" and no port',
    );
  }
  return text;
}

/**
 * A pattern of image names: components divided by "/", where * stands for any letters of one component, ? for one
 * of them, and a component ** for any number of components. Throws BadValue.
 */
export function parsePattern(text: string): string {
  const parts = text.split('/');
  if (parts.some((part) => part !== '**' && part.includes('**'))) {
    throw new BadValue('has ** inside a component; ** stands alone between slashes, as in team/**');
  }
  if (!parts.every((part) => /^[a-z0-9._*?-]+$/.test(part))) {
    throw new BadValue(
      'is not a pattern of image names; write for example team/** or library/nginx, in lower case',
    );
  }
  return text;
}
