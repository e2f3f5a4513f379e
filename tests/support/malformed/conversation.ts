import type { Duplex } from 'node:stream';
import { readReply, type WireReply } from './replies.ts';
import type { Wire } from './requests.ts';

/** The most that anybody waits for an answer, in ms. */
const patience = 60_000;

/** What came of some requests on one connection. */
export interface Outcome {
  /** In the order of the requests; fewer when the connection was closed before. */
  readonly replies: readonly WireReply[];
  /** True when the server closed, else the connection can go on. */
  readonly closed: boolean;
}

/** Sends requests all at once and reads their answers. Throws when nothing is heard for long, or no reply is one. */
export async function converse(socket: Duplex, requests: readonly Wire[]): Promise<Outcome> {
  const pieces: Buffer[] = [];
  let received = Buffer.alloc(0);
  let at = 0;
  const replies: WireReply[] = [];
  return await new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      clearTimeout(timer);
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
      socket.on('error', () => undefined);
      act();
    };
    const read = (ended: boolean): void => {
      try {
        received = Buffer.concat([received, ...pieces.splice(0)]);
        for (let request = requests[replies.length]; request; request = requests[replies.length]) {
          const reply = readReply(received, at, request.head && request.framed, ended);
          if (!reply) break;
          replies.push(reply);
          at = reply.end;
        }
      } catch (fault) {
        done(() => {
          reject(fault instanceof Error ? fault : new Error(String(fault)));
        });
        return;
      }
      const last = replies.at(-1)?.headers.get('connection') === 'close';
      if (ended || replies.length === requests.length) {
        done(() => {
          resolve({ replies, closed: ended || last });
        });
      }
    };
    const timer = setTimeout(() => {
      const asked = requests[replies.length]?.bytes.toString('latin1', 0, 300) ?? '';
      socket.destroy();
      done(() => {
        reject(new Error(`no answer in ${patience} ms to ${JSON.stringify(asked)}`));
      });
    }, patience);
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      read(false);
    });
    socket.on('error', () => undefined); // A reset; what came before it counts.
    socket.on('close', () => {
      read(true);
    });
    socket.write(Buffer.concat(requests.map(({ bytes }) => bytes)));
    // What is not framed may wait for more for ever; nothing more comes.
    if (requests.some(({ framed }) => !framed)) socket.end();
  });
}
