import { onCore } from './cores.ts';
import { run } from './program.ts';

/** One request; `stdin` is a file descriptor that `args` may send. */
export interface Ask {
  /** Whom to trust, and on which core to run. */
  readonly registry: { readonly ca: string; readonly clientCore: number };
  readonly url: string;
  /** The status without which the measurement is worth nothing. */
  readonly expect: number;
  readonly authorization?: string | undefined;
  readonly args?: readonly string[];
  readonly stdin?: number;
}

/** What came back. */
export interface Answer {
  readonly location: string;
  readonly body: string;
}

/** The command that runs curl on the clients' core with what all requests have in common. */
export function curlCommand(
  { registry, authorization }: Pick<Ask, 'registry' | 'authorization'>,
  args: readonly string[],
): readonly string[] {
  const login = authorization === undefined ? [] : ['--header', `Authorization: ${authorization}`];
  const usual = ['--silent', '--show-error', '--http1.1', '--noproxy', '*', '--max-time', '600'];
  return onCore(registry.clientCore, ['curl', ...usual, '--cacert', registry.ca, ...login, ...args]);
}

/** Sends one request with curl, the same client for every server; throws when the status is another one. */
export async function curl({ registry, url, expect, authorization, args = [], stdin }: Ask): Promise<Answer> {
  const out = await run(
    curlCommand({ registry, authorization }, [
      ...['--write-out', '\n%{http_code} %header{location}'],
      ...args,
      url,
    ]),
    stdin === undefined ? {} : { stdin },
  );
  const end = out.lastIndexOf('\n');
  const [status = '', location = ''] = out.slice(end + 1).split(' ');
  const body = out.slice(0, end);
  if (Number(status) !== expect) throw new Error(`${url} answered ${status} instead of ${expect}: ${body}`);
  return { location, body };
}
