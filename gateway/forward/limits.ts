import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long a connection to a backend may take, TLS included, in ms; a machine that is gone is known sooner than a busy one. */
const connectTimeout = 10_000;

/** A backend that does not connect, or an exchange in which nothing moves. */
export class BackendTimeout extends Error {
  override readonly name = 'BackendTimeout';
}

/**
 * Ends a request that has its socket, with BackendTimeout, when the connection takes too long or when for `idleTimeout`
 * ms (at most twice that) not a byte moves on either side. The library's own timeout sees the backend's side only and
 * would cut a download whose client reads slowly.
 */
export function limit(sent: ClientRequest, client: Duplex, idleTimeout: number): void {
  const { socket } = sent;
  if (!socket) return;
  const connecting = setTimeout(
    () => sent.destroy(new BackendTimeout('the backend did not accept the connection in time')),
    sent.reusedSocket ? idleTimeout : Math.min(connectTimeout, idleTimeout),
  );
  const connected = (): void => {
    clearTimeout(connecting);
  };
  if (sent.reusedSocket) connected();
  socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected);
  let before = 0;
  const idle = setInterval(() => {
    const now = moved(socket) + moved(client);
    if (now === before) sent.destroy(new BackendTimeout(`nothing moved for ${idleTimeout / 1000} s`));
    before = now;
  }, idleTimeout);
  sent.once('close', () => {
    connected();
    clearInterval(idle);
    socket.off('connect', connected).off('secureConnect', connected);
  });
}

function moved(stream: Duplex & { readonly bytesRead?: number; readonly bytesWritten?: number }): number {
  return (stream.bytesRead ?? 0) + (stream.bytesWritten ?? 0);
}
