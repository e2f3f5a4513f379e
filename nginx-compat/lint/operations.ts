const name = '/v2/team/app';
const digest = 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const session = `${name}/blobs/uploads/5f6c4a1e-0c1d-4d3a-9a8e-2b7a0f1c9d10`;

/** What clients ask of a registry, OCI distribution 1.1 and docker's own. */
export const operations = {
  ping: { method: 'GET', uri: '/v2/' },
  token: { method: 'GET', uri: '/v2/token?service=registry&scope=repository:team/app:pull' },
  'read manifest': { method: 'GET', uri: `${name}/manifests/latest` },
  'look at manifest': { method: 'HEAD', uri: `${name}/manifests/latest` },
  'write manifest': { method: 'PUT', uri: `${name}/manifests/latest` },
  'delete manifest': { method: 'DELETE', uri: `${name}/manifests/${digest}` },
  'read blob': { method: 'GET', uri: `${name}/blobs/${digest}` },
  'look at blob': { method: 'HEAD', uri: `${name}/blobs/${digest}` },
  'delete blob': { method: 'DELETE', uri: `${name}/blobs/${digest}` },
  'begin upload': { method: 'POST', uri: `${name}/blobs/uploads/` },
  'mount blob': { method: 'POST', uri: `${name}/blobs/uploads/?mount=${digest}&from=team/base` },
  'continue upload': { method: 'PATCH', uri: `${session}?_state=AbC%2Bd%3D` },
  'finish upload': {
    method: 'PUT',
    uri: `${session}?_state=AbC%2Bd%3D&digest=${encodeURIComponent(digest)}`,
  },
  'ask about upload': { method: 'GET', uri: session },
  'look at upload': { method: 'HEAD', uri: session },
  'cancel upload': { method: 'DELETE', uri: session },
  'list tags': { method: 'GET', uri: `${name}/tags/list?n=100&last=v1` },
  'list names': { method: 'GET', uri: '/v2/_catalog?n=100' },
  'list referrers': { method: 'GET', uri: `${name}/referrers/${digest}` },
  'short name': { method: 'GET', uri: '/v2/app/manifests/latest' },
  'deep name': { method: 'GET', uri: '/v2/a/b/c/d/app/manifests/latest' },
  'v1 ping': { method: 'GET', uri: '/v1/_ping' },
  search: { method: 'GET', uri: '/v1/search?q=app&n=25' },
} as const;

export type OperationName = keyof typeof operations;

/** Operations that send a body. */
export const uploads = ['continue upload', 'finish upload', 'write manifest'] as const;

/** Operations by which an image is pushed. */
export const writes = ['begin upload', 'continue upload', 'finish upload', 'write manifest'] as const;

/** `PATCH` of `continue upload`. */
export function methodOf(name: OperationName): string {
  return operations[name].method;
}
