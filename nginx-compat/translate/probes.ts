/** A request that is sent through a configuration on paper. */
export interface Probe {
  readonly method: string;
  readonly uri: string;
}

const digest = `sha256:${'0'.repeat(64)}`;
const name = '/v2/dockgate/probe';
const session = `${name}/blobs/uploads/0b6a3a5e-9f0c-4c53-8a3a-3f1f5f1f0a11`;

/** The requests of docker and podman that decide who is read from and who is written to. */
export const registryProbes = {
  manifest: { method: 'GET', uri: `${name}/manifests/1.0` },
  blob: { method: 'GET', uri: `${name}/blobs/${digest}` },
  base: { method: 'GET', uri: '/v2/' },
  tags: { method: 'GET', uri: `${name}/tags/list` },
  manifestHead: { method: 'HEAD', uri: `${name}/manifests/1.0` },
  blobHead: { method: 'HEAD', uri: `${name}/blobs/${digest}` },
  uploadStart: { method: 'POST', uri: `${name}/blobs/uploads/` },
  uploadStatus: { method: 'GET', uri: session },
  uploadAppend: { method: 'PATCH', uri: session },
  uploadFinish: { method: 'PUT', uri: `${session}?digest=${digest}` },
  push: { method: 'PUT', uri: `${name}/manifests/1.0` },
  search: { method: 'GET', uri: '/v1/search?q=probe' },
  delete: { method: 'DELETE', uri: `${name}/manifests/${digest}` },
} as const satisfies Readonly<Record<string, Probe>>;

/** Requests of browsers. */
export const pageProbes = {
  home: { method: 'GET', uri: '/' },
  page: { method: 'GET', uri: '/dockgate/probe.html' },
} as const satisfies Readonly<Record<string, Probe>>;
