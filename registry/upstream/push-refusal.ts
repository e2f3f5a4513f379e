import { isJsonObject, parseJsonObject } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { parseRetryAfter } from './refusal.ts';

/** Of an error's body, in bytes; real ones have some hundred. */
const bodyLimit = 65_536;

/** A registry said no to a push, in its own words where it used any that clients can read. */
export class PushRefusal extends Error {
  override readonly name = 'PushRefusal';
  readonly status: number;
  /** A code of OCI distribution-spec 1.1, "Error Codes"; undefined when it gave none. */
  readonly code: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, said: { code?: string; message: string; retryAfter?: number | undefined }) {
    super(said.message);
    this.status = status;
    this.code = said.code;
    this.retryAfter = said.retryAfter;
  }
}

/** The refusal that an answer is; takes its body. Never throws. */
export async function pushRefusal(answer: Answer): Promise<PushRefusal> {
  const retryAfter = parseRetryAfter(answer.header('retry-after'), Date.now());
  const body = await answer.read(bodyLimit).catch(() => undefined);
  const errors = body && parseJsonObject(body)?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const { code, message } = isJsonObject(first) ? first : {};
  return new PushRefusal(answer.status, {
    ...(typeof code === 'string' && { code }),
    message:
      typeof message === 'string' && message !== ''
        ? message
        : `${answer.url.host} refused it (HTTP ${answer.status})`,
    retryAfter,
  });
}
