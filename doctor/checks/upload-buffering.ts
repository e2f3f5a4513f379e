import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../ask.ts';
import type { Check } from '../check.ts';
import { ok, warning } from '../finding.ts';

/** More than a server reads of a body after it has decided to refuse it (Go: 256 KiB), less than what nginx takes unasked. */
const begin = 640 * 1024;

/** In ms: a refusal is there sooner. */
const longEnough = 5000;

/**
 * Whether a request reaches the registry while it is still being sent: the begin of an upload to a session that does not
 * exist is refused at once, unless something in front waits for the end of it.
 */
export const uploadBufferingCheck: Check = {
  name: 'upload-buffering',
  needs: ['challenge', 'login', 'upload'],
  async run(visit) {
    const held = new AbortController();
    const seen = { isEarly: true };
    const parts = async function* (): AsyncGenerator<Buffer> {
      yield randomBytes(begin);
      await sleep(longEnough, undefined, { signal: held.signal }).catch(() => undefined);
      seen.isEarly = held.signal.aborted;
      yield randomBytes(1024);
    };
    const path = `/v2/${visit.name}/blobs/uploads/${randomUUID()}`;
    try {
      await ask(visit, path, { method: 'PATCH', body: Readable.from(parts(), { objectMode: false }) });
    } finally {
      held.abort();
    }
    if (seen.isEarly) return [ok('uploads reach the registry while they are sent')];
    return [
      warning(
        'uploads are collected in front of the registry and reach it only when they are complete, which costs disk, time and timeouts',
        'pass them on as they come (nginx: "proxy_request_buffering off;" together with "proxy_http_version 1.1;"; Caddy: no buffer_requests; other proxies: no buffering of requests)',
      ),
    ];
  },
};
