import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../check.ts';
import { error, ok } from '../finding.ts';
import { UploadSession } from '../upload-session.ts';

/** Whether an upload that rests for a few seconds is cut; longer timeouts are not seen. */
export const pauseCheck: Check = {
  name: 'pause',
  needs: ['challenge', 'login', 'upload'],
  async run(visit) {
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
      return [
        error(
          `an upload that rests for ${pause / 1000} s is cut: ${fault instanceof Error ? fault.message : String(fault)}`,
          'raise the timeouts in front of the registry to an hour (nginx: client_body_timeout, proxy_read_timeout, proxy_send_timeout, send_timeout)',
        ),
      ];
    }
    await session.cancel();
    return [ok(`an upload may rest for ${pause / 1000} s; longer was not tried`)];
  },
};
