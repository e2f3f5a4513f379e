import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../ask.ts';
import { basic } from '../authorize.ts';
import type { Check } from '../check.ts';
import { error, ok, type Remark } from '../finding.ts';
import { inWords, messageOf } from '../refusal.ts';
import { UploadSession } from '../upload-session.ts';
import type { Visit } from '../visit.ts';

/** In ms: what more than the pauses themselves it may take. */
const patience = 30_000;

/** Whether a connection on which nothing moves for a few seconds is cut; longer timeouts are not seen. */
export const pauseCheck: Check = {
  name: 'pause',
  needs: ['challenge', 'login', 'upload'],
  limit: ({ pause }) => pause + patience,
  async run(visit) {
    const seconds = visit.pause / 1000;
    // At one time, so that waiting costs its time once.
    const [upload, answer] = await Promise.all([restingUpload(visit), lateAnswer(visit)]);
    const faults = [upload, answer].filter((each) => each !== undefined && each !== 'unknown');
    if (faults.length > 0) return faults;
    const both = answer === undefined ? 'an upload may rest, and an answer may take,' : 'an upload may rest';
    return [ok(`${both} ${seconds} s; longer was not tried (--pause SECONDS)`)];
  },
};

async function restingUpload(visit: Visit): Promise<Remark | undefined> {
  const { pause, signal } = visit;
  const session = await UploadSession.open(visit);
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield randomBytes(64 * 1024);
    await sleep(pause, undefined, { signal });
    yield randomBytes(64 * 1024);
  };
  try {
    await session.append(Readable.from(parts(), { objectMode: false }));
  } catch (fault) {
    if (signal.aborted) throw fault;
    return error(
      `an upload that rests for ${pause / 1000} s is cut: ${fault instanceof Error ? fault.message : String(fault)}`,
      'raise the timeout for what clients send to an hour (nginx: client_body_timeout and proxy_send_timeout; HAProxy: timeout client and timeout server; Caddy: read_body; load balancers: the idle timeout)',
    );
  }
  await session.cancel();
  return undefined;
}

/** Only Dockgate can be asked to think for a while; `unknown`: nobody answered as Dockgate does. */
async function lateAnswer(visit: Visit): Promise<Remark | undefined | 'unknown'> {
  const { pause, signal } = visit;
  const credentials = await visit.credentials();
  if (!visit.facts.isDockgate || !credentials) return 'unknown';
  const headers = { authorization: basic(credentials) };
  const wait = (seconds: number) => ask(visit, `/api/v1/wait?seconds=${seconds}`, { headers });
  // A proxy in front need not pass more than /v2/ on.
  const isThere = await wait(0).then(({ status }) => status === 200);
  if (!isThere) return 'unknown';
  const cut = await wait(Math.ceil(pause / 1000)).then(
    (answer) => (answer.status === 200 && messageOf(answer) === undefined ? undefined : inWords(answer)),
    (fault: unknown) => {
      if (signal.aborted) throw fault;
      return fault instanceof Error ? fault.message : String(fault);
    },
  );
  if (cut === undefined) return undefined;
  return error(
    `an answer for which the registry needs ${pause / 1000} s is cut: ${cut}`,
    'raise the timeout for what the registry answers to an hour, since a first pull waits for the upstream (nginx: proxy_read_timeout; HAProxy: timeout server; Caddy: response_header_timeout; load balancers: the idle timeout)',
  );
}
