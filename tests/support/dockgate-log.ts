import { request } from './http-request.ts';
import type { Dockgate } from './dockgate.ts';

/** One request as Dockgate logged it; which of the optional facts are there depends on the request. */
export interface Answered {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly operation?: string;
  readonly name?: string;
  readonly user?: string;
  readonly repository?: string;
  readonly member?: string;
  readonly digest?: string;
  readonly adopted?: number;
  readonly error?: string;
}

/** What Dockgate has answered, from the JSON lines of its log. */
export interface DockgateLog {
  /** Every request since it was made or `forget` was called, in the order in which they ended. */
  requests(): Promise<Answered[]>;
  /** Starts counting anew. */
  forget(): Promise<void>;
}

/** Reads the log of a Dockgate; over a restart it must be made anew. */
export function readLog(dockgate: Dockgate): DockgateLog {
  const server = dockgate.server();
  const marks = new Set<string>();
  let forgotten = 0;
  const all = async (): Promise<Answered[]> => {
    // A line is written after its answer: once the line of a request of our own is there, those before it are too.
    const mark = await request(dockgate.place, `${dockgate.url}/healthz`, { ca: dockgate.ca });
    const id = String(mark.headers['x-request-id']);
    marks.add(id);
    await server.waitFor(new RegExp(`"id":"${id}".*\\n`));
    return server
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"message":"request'))
      .map((line) => JSON.parse(line) as Answered & { id: string })
      .filter((entry) => !marks.has(entry.id));
  };
  return {
    requests: async () => (await all()).slice(forgotten),
    async forget() {
      forgotten = (await all()).length;
    },
  };
}
