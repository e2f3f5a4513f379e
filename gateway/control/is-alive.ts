import { connect } from 'node:net';

/** False when nobody listens on a socket any more: its process has ended without removing it. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Anything else, such as a queue that is full, says that somebody is there.
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
