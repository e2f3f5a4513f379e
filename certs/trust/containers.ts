import { findProgram, isThere } from './found.ts';
import { folderStore } from './folder-store.ts';

/** The folder of podman, buildah, skopeo and CRI-O, of root and of all users (containers-certs.d(5)). */
export const containers = folderStore({
  name: 'podman',
  folder: '/etc/containers/certs.d',
  restart: 'no restart: podman, buildah and skopeo read it at each command',
  async find({ root }) {
    const program = await findProgram(root, 'podman', 'buildah', 'skopeo', 'crio');
    if (program !== undefined) return `${program} is here`;
    return (await isThere(root, '/etc/containers')) ? '/etc/containers is here' : undefined;
  },
});
