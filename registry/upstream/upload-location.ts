/**
 * Where an upload goes on, from the Location of an answer and the `root` that its registry is spoken to at. Registries
 * write there what they think they are called: the name of a proxy, the wrong scheme or port, a path without the one that
 * leads to them. So only its path counts, under `root`. Undefined when it is no path to an upload.
 */
export function uploadLocation(location: string, root: URL): URL | undefined {
  const base = root.pathname.replace(/\/+$/, '');
  const url = URL.parse(location, `${root.origin}${base}/`);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const at = url.pathname.indexOf('/v2/');
  // A path of which we know nothing is used as it is.
  const path = at < 0 || url.pathname.startsWith(`${base}/`) ? url.pathname : base + url.pathname.slice(at);
  return new URL(`${root.origin}${path}${url.search}`);
}
