import { findProgram, isThere } from './found.ts';
import { systemStore } from './system-store.ts';

const ANCHORS = '/etc/pki/ca-trust/source/anchors';

/** Red Hat, Fedora, Rocky, Alma, Amazon Linux: update-ca-trust(8). */
export const systemRhel = systemStore({
  anchors: ANCHORS,
  update: ['update-ca-trust', 'extract'],
  updateAfterRemoval: ['update-ca-trust', 'extract'],
  async find({ root }) {
    const program = await findProgram(root, 'update-ca-trust');
    return program !== undefined && (await isThere(root, ANCHORS)) ? `${program} is here` : undefined;
  },
});
