import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { backendPath } from './backend-path.ts';
import type { Forwarding } from './forwarding.ts';
import { createProxyServer, type Line } from './library.ts';
import { limit } from './limits.ts';
import { isChunked, lendHeaders, requestHeaders } from './request-headers.ts';

/**
 * Sends a request, with its body as it comes, and gives the head of the reply. Ends the sent request when the client
 * leaves, during the reply too. Sends once: whether a broken request took effect is not known here.
 * Rejects with BackendTimeout or whatever broke the connection.
 */
export function ask(
  line: Line,
  idleTimeout: number,
  req: IncomingMessage,
  res: ServerResponse,
  how: Forwarding,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const library = createProxyServer({ ...line, selfHandleResponse: true });
    let isReused = false;
    const failed = (fault: Error): void => {
      const isBroken = 'code' in fault && (fault.code === 'ECONNRESET' || fault.code === 'EPIPE');
      reject(isReused && isBroken ? new StaleConnection(fault.message, { cause: fault }) : fault);
    };
    library.on('proxyReq', (sent) => {
      isReused = sent.reusedSocket;
      sent.path = how.target ?? backendPath(req.url ?? '/', how.address);
      if (how.body) sent.removeHeader('transfer-encoding');
      else if (isChunked(req)) keepChunked(sent);
      limit(sent, req.socket, idleTimeout);
      // A request can end without a word, such as when the backend switches protocols unasked.
      sent.once('close', () => {
        reject(new Error('the connection ended without an answer'));
      });
      if (res.closed) sent.destroy();
      else res.once('close', () => sent.destroy());
    });
    library.on('proxyRes', resolve);
    library.on('econnreset', reject);
    lendHeaders(req, requestHeaders(req, how), () => {
      library.web(req, res, how.body ? { buffer: Readable.from([how.body]) } : {}, failed);
    });
  });
}

/** A kept connection broke before the answer, which also befalls one that the backend closed while it was idle. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

/**
 * The library says of every DELETE and OPTIONS without a length that it has no body, and then sends the body: on a
 * connection that is kept, the backend would read it as the next request, which may be somebody else's.
 */
function keepChunked(sent: ClientRequest): void {
  sent.removeHeader('content-length');
  sent.setHeader('transfer-encoding', 'chunked');
}
