import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { RegistryError } from '../../registry/index.ts';
import type { ApiCaller, Need } from './route.ts';

/** Who asks for what needs no credentials. */
const anybody: ApiCaller = { user: undefined, isAdmin: false, may: () => false };

/** Lets a request in; throws `unauthorized` when nobody sent it and `denied` when its sender may not. */
export async function admit(
  need: Need,
  req: IncomingMessage,
  caller: () => Promise<ApiCaller>,
): Promise<ApiCaller> {
  if (need === 'nothing') return anybody;
  if (need === 'admin-or-loopback' && isFromHere(req)) return anybody;
  const sender = await caller();
  if (need === 'credentials' || sender.isAdmin) return sender;
  const who = sender.user === undefined ? 'this needs' : `the user ${sender.user} lacks`;
  throw new RegistryError('denied', {
    message: `requested access to the resource is denied: ${who} the role admin`,
  });
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** What a proxy adds: whoever it speaks for need not be here, even if it is. */
const traces = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/** True when the connection was made on this machine and, as far as can be seen, for nobody else. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const peer = socket.remoteAddress;
  if (peer === undefined || traces.some((trace) => headers[trace] !== undefined)) return false;
  return loopback.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4');
}
