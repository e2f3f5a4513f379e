/** The repositories of a configuration that names none. */
export const defaultRepositories = {
  'docker-hosted': { type: 'hosted' },
  'docker-hub': {
    type: 'proxy',
    upstream: 'https://registry-1.docker.io',
    index: 'https://index.docker.io',
  },
  quay: { type: 'proxy', upstream: 'https://quay.io' },
  ghcr: { type: 'proxy', upstream: 'https://ghcr.io' },
  'docker-group': {
    type: 'group',
    members: ['docker-hosted', 'docker-hub', 'quay', 'ghcr'],
    writable: 'docker-hosted',
  },
} as const;

/** The repositories that a host reads and writes when the file says nothing about hosts but has these two. */
export const defaultRoute = { read: 'docker-group', write: 'docker-hosted' } as const;

/** The host of a configuration that names none. */
export const defaultHost = 'localhost';

/** The file that is read from the working directory when no other is named. */
export const defaultFile = 'dockgate.yaml';
