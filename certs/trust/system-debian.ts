import { basename } from 'node:path';
import { findProgram, isThere } from './found.ts';
import { systemStore } from './system-store.ts';

const JAVA = '/etc/ssl/certs/java/cacerts';

/** Debian, Ubuntu, Alpine and what comes from them: update-ca-certificates(8). */
export const systemDebian = systemStore({
  anchors: '/usr/local/share/ca-certificates',
  update: ['update-ca-certificates'],
  // Without it the links to what is gone stay in /etc/ssl/certs.
  updateAfterRemoval: ['update-ca-certificates', '--fresh'],
  // update-ca-certificates tells its hooks of what is new only, and never of what is gone.
  async removeRest({ root, run }, path) {
    if (!(await isThere(root, JAVA))) return undefined;
    const entry = [
      '-keystore',
      JAVA,
      '-storepass',
      'changeit',
      '-alias',
      `debian:${basename(path, '.crt')}.pem`,
    ];
    const removal = ['keytool', '-delete', ...entry];
    if ((await findProgram(root, 'keytool')) === undefined)
      return `Java keeps what it took over, and keytool is not here to remove it: ${removal.join(' ')}`;
    const isListed = await run(['keytool', '-list', ...entry]).then(
      () => true,
      () => false,
    );
    if (!isListed) return undefined;
    return run(removal).then(
      () => `ran ${removal.join(' ')}`,
      () => `Java keeps what it took over; remove it with ${removal.join(' ')}`,
    );
  },
  async find({ root }) {
    const program = await findProgram(root, 'update-ca-certificates');
    // SUSE has a tool of this name that reads other folders.
    return program !== undefined && (await isThere(root, '/etc/ca-certificates.conf'))
      ? `${program} is here`
      : undefined;
  },
});
