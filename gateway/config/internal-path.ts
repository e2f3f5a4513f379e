import { BadValue } from './errors.ts';

/** The path of a location that only a server in front of us may use: `/dockgate-blobs/`. Throws BadValue. */
export function parseInternalPath(text: string): string {
  if (!/^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)+$/.test(text)) {
    throw new BadValue('is not a path between slashes; write for example /dockgate-blobs/');
  }
  if (/^\/v[12]\//.test(text))
    throw new BadValue('is a path of the registry; write for example /dockgate-blobs/');
  return text;
}
