import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostOf, isLoopback } from '../address.ts';
import type { Check } from '../check.ts';
import { ok, Trouble } from '../finding.ts';

/** Whether the host has an address. */
export const nameCheck: Check = {
  name: 'name',
  needs: [],
  async run({ base, facts }) {
    const host = hostOf(base);
    facts.addresses = isIP(host) === 0 ? await resolve(host) : [host];
    const here = facts.addresses.every(isLoopback)
      ? '; docker does not verify certificates of such an address, so other clients may see faults that docker on this machine does not'
      : '';
    return [ok(`${host} is ${facts.addresses.join(' and ')}${here}`)];
  },
};

async function resolve(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    throw new Trouble(
      `${host} has no address on this machine (${code ?? 'no answer'})`,
      `add ${host} to the DNS, or for a try a line "ADDRESS ${host}" to /etc/hosts of each client`,
    );
  }
}
