import type { LocalGateway } from '../gateway.ts';
import { basic } from '../realm.ts';
import type { Authorize, Send } from './door.ts';

/** HTTP Basic with every request. */
export function withBasic({ admin }: LocalGateway): Authorize {
  return () => Promise.resolve(basic(admin));
}

/** A token for all that a row does with its names, asked for as the challenge says. */
export function withBearer({ admin }: LocalGateway): Authorize {
  return (send, names) => askForToken(send, names, basic(admin));
}

async function askForToken(send: Send, names: readonly string[], authorization: string): Promise<string> {
  const asked = await send({ method: 'GET', path: '/v2/', headers: [], body: undefined });
  const challenge = asked.headers.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1] ?? '';
  const realm = new URL(/realm="([^"]+)"/.exec(challenge)?.[1] ?? '');
  realm.searchParams.set('service', /service="([^"]+)"/.exec(challenge)?.[1] ?? '');
  for (const name of names) realm.searchParams.append('scope', `repository:${name}:pull,push,delete`);
  const granted = await send({
    method: 'GET',
    path: `${realm.pathname}${realm.search}`,
    headers: [['Authorization', authorization]],
    body: undefined,
  });
  const { token } = JSON.parse(granted.body.toString('utf8')) as { token: string };
  return `Bearer ${token}`;
}
