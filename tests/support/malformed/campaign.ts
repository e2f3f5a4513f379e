import type { Duplex } from 'node:stream';
import { seeded } from '../random.ts';
import { converse } from './conversation.ts';
import type { TestedGateway } from './gateway.ts';
import type { WireReply } from './replies.ts';
import { malformedRequest, type Ingredients, type Wire } from './requests.ts';

/** So many connections at a time, and so many requests on one before their answers are read. */
const workers = 16;
const depth = 20;

/** What is wrong with a reply; undefined when nothing is. */
export type Judge = (reply: WireReply, request: Wire) => string | undefined;

/** What has been sent and answered so far. */
export interface Tally {
  readonly statuses: Map<string, number>;
  /** In words, with the request; the first few. */
  readonly complaints: string[];
}

/** Sends `count` malformed requests, the same for the same `seed`, and judges each answer. */
export async function campaign(
  gateway: TestedGateway,
  from: Ingredients,
  { seed, count }: { seed: number; count: number },
  judge: Judge,
  tally: Tally,
): Promise<void> {
  const share = Math.ceil(count / workers);
  const work = Array.from({ length: workers }, async (_, worker) => {
    const random = seeded(seed * workers + worker);
    const line = new Line(() => gateway.connect(worker % 4 === 0));
    for (let made = 0; made < share; made += depth) {
      const all = Array.from({ length: Math.min(depth, share - made) }, () => malformedRequest(random, from));
      await line.send(
        all.filter(({ framed }) => framed),
        note,
      );
      // Each of these ends its connection.
      for (const one of all.filter(({ framed }) => !framed)) {
        const socket = await gateway.connect(worker % 4 === 0);
        const { replies } = await converse(socket, [one]);
        socket.destroy();
        note(one, replies[0]);
      }
    }
    line.end();
  });
  await Promise.all(work);

  function note(request: Wire, reply: WireReply | undefined): void {
    const status = reply === undefined ? 'closed' : String(reply.status);
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    // Only of what is no HTTP may the gateway take leave without a word.
    const complaint = reply ? judge(reply, request) : request.framed ? 'closed without an answer' : undefined;
    if (complaint !== undefined && tally.complaints.length < 20)
      tally.complaints.push(`${complaint}: ${JSON.stringify(request.bytes.toString('latin1', 0, 600))}`);
  }
}

/** A connection that is opened again when the server has closed it. */
class Line {
  readonly #open: () => Promise<Duplex>;
  #socket: Duplex | undefined;

  constructor(open: () => Promise<Duplex>) {
    this.#open = open;
  }

  /** Sends requests together; those that a closing connection left unanswered are sent again, one by one. */
  async send(
    requests: readonly Wire[],
    note: (request: Wire, reply: WireReply | undefined) => void,
  ): Promise<void> {
    const answered = await this.#converse(requests, note);
    for (const request of requests.slice(answered)) {
      const wasOpen = this.#socket !== undefined;
      const count = await this.#converse([request], note);
      // The server may close a connection that it has kept for long just before it hears from us again.
      if (count === 0 && !(wasOpen && (await this.#converse([request], note)) === 1))
        note(request, undefined);
    }
  }

  async #converse(
    requests: readonly Wire[],
    note: (request: Wire, reply: WireReply | undefined) => void,
  ): Promise<number> {
    if (requests.length === 0) return 0;
    this.#socket ??= await this.#open();
    const { replies, closed } = await converse(this.#socket, requests);
    for (const [at, request] of requests.slice(0, replies.length).entries()) note(request, replies[at]);
    if (closed) this.end();
    return replies.length;
  }

  end(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
