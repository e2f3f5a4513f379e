import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

type Sender = Pick<IncomingMessage, 'headers'>;

/** How long after its last sign a push is taken to go on, in ms. */
const lasting = 120_000;
const most = 10_000;

/**
 * Who is pushing to which name just now, for requests whose credentials do not tell it: clients ask for blobs by HEAD,
 * or upload them, only when they push. It is kept in memory, for a guess that is forgotten costs a push nothing but time.
 */
export class Pushers {
  readonly #until = new Map<string, number>();

  note(req: Sender, client: string, name: string): void {
    const key = keyOf(req, client, name);
    this.#until.delete(key);
    this.#until.set(key, performance.now() + lasting);
    const [oldest] = this.#until.keys();
    if (oldest !== undefined && this.#until.size > most) this.#until.delete(oldest);
  }

  isPushing(req: Sender, client: string, name: string): boolean {
    return (this.#until.get(keyOf(req, client, name)) ?? 0) > performance.now();
  }
}

/** A digest, so that no password is kept. */
function keyOf({ headers }: Sender, client: string, name: string): string {
  const who = JSON.stringify([client, headers.authorization ?? '', headers['user-agent'] ?? '', name]);
  return createHash('sha256').update(who).digest('base64');
}
