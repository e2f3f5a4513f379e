import { isIP } from 'node:net';
import { nearestAll, nearestWord, type Server } from '../reading/index.ts';
import type { Decisions } from './decisions.ts';
import type { Traced } from './plan.ts';

/** Whose word about the client's address is taken: `set_real_ip_from`, where the header is one that Dockgate reads. */
export function planTrust(servers: readonly Server[], decisions: Decisions): readonly Traced<string>[] {
  const trusted = new Map<string, Traced<string>>();
  for (const { scope } of servers) {
    const header = nearestWord(scope, 'real_ip_header')?.toLowerCase() ?? 'x-real-ip';
    const isRead = header === 'x-forwarded-for' || header === 'proxy_protocol';
    for (const { at } of nearestAll(scope, 'real_ip_header'))
      if (isRead)
        decisions.note(at, 'mapped', 'X-Forwarded-For and PROXY headers of trustedProxies are believed');
      else
        decisions.note(
          at,
          'unsupported',
          `${header} is not read: let the proxy in front send X-Forwarded-For`,
        );
    for (const { args, at } of nearestAll(scope, 'set_real_ip_from')) {
      const range = args[0]?.text ?? '';
      if (!isRange(range))
        decisions.note(
          at,
          'unsupported',
          'only addresses and ranges can be trusted; write them as trustedProxies',
        );
      else {
        decisions.note(at, 'mapped', 'trustedProxies');
        trusted.set(range, trusted.get(range) ?? { value: range, from: [at] });
      }
    }
  }
  return [...trusted.values()];
}

function isRange(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  return isIP(address) !== 0 && rest.length === 0 && (length === undefined || Number(length) <= bits);
}
