/**
 * The request target for the backend: its base path, then path and query of the client's, byte for byte. A URL parser
 * would undo `%2F` and `..`, and the library makes one slash of two; both would ask for something else.
 */
export function backendPath(target: string, address: Readonly<URL>): string {
  if (target === '*') return target;
  // The absolute form, which a server must accept too: RFC 9112 3.2.2.
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return basePath(address) + (path.startsWith('/') ? path : `/${path}`);
}

/** The base path without a slash at its end; empty when there is none. */
export function basePath({ pathname }: Readonly<URL>): string {
  return pathname.replace(/\/+$/, '');
}
