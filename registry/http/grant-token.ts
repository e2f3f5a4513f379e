import type { TokenService } from '../access/index.ts';
import { RegistryError } from '../model/index.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';
import { readBody, wantBody } from './request-body.ts';

/** A form holds a name, a password and some scopes. */
const formLimit = 64 * 1024;

/** The token service: GET with Basic, POST with a form. Docker registry token specification; RFC 6749 4.3. */
export async function grantToken(service: TokenService, exchange: Exchange): Promise<Reply> {
  const { req, door, facts } = exchange;
  const method = req.method === 'POST' ? 'POST' : 'GET';
  const parameters =
    method === 'POST'
      ? new URLSearchParams((await readForm(exchange)).toString('utf8'))
      : new URL(req.url ?? '', door.origin).searchParams;
  const { authorization } = req.headers;
  const granted = await service({ method, authorization, parameters, host: new URL(door.origin).host });
  const headers = { 'Cache-Control': 'no-store' };
  if ('bad' in granted) {
    facts.error = granted.bad.error;
    return { status: 400, headers, body: { json: granted.bad } };
  }
  return { status: 200, headers, body: { json: granted.ok } };
}

async function readForm({ req, res }: Exchange): Promise<Buffer> {
  wantBody(req, res);
  try {
    return await readBody(req, formLimit);
  } catch (fault) {
    if (!(fault instanceof RegistryError)) throw fault;
    throw new RegistryError('manifestTooLarge', { message: `the form is larger than ${formLimit} bytes` });
  }
}
