import { findProgram, isThere } from './found.ts';
import { folderStore } from './folder-store.ts';

/** docker's folder of registries. The daemon reads it at each login, push and pull. */
export const docker = folderStore({
  name: 'docker',
  folder: '/etc/docker/certs.d',
  restart: 'no restart: docker reads it at each login, push and pull',
  async find({ root }) {
    const program = await findProgram(root, 'dockerd', 'docker');
    if (program !== undefined) return `${program} is here`;
    return (await isThere(root, '/etc/docker')) ? '/etc/docker is here' : undefined;
  },
});
