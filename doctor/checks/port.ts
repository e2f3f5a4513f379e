import { connect } from 'node:net';
import type { Check } from '../check.ts';
import { error, ok, warning, type Remark } from '../finding.ts';
import type { Visit } from '../visit.ts';

/** In ms: a client behind a firewall that drops packets waits far longer. */
const patience = 5000;

/** Whether each address of the host takes connections. */
export const portCheck: Check = {
  name: 'port',
  needs: ['name'],
  async run(visit) {
    const port = portOf(visit.base);
    const tried = await Promise.all(
      visit.facts.addresses.map(async (address) => ({ address, fault: await knock(visit, address, port) })),
    );
    const dead = tried.filter(({ fault }) => fault !== undefined);
    if (dead.length === 0) return [ok(`port ${port} takes connections`)];
    return dead.map((each) => judge(each.address, port, each.fault, dead.length === tried.length));
  },
};

/** The port of a URL, also when it is the scheme's own. */
export function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** The code of the fault, undefined when the connection opened. */
function knock({ signal }: Visit, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: patience, signal });
    const end = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.once('connect', () => {
      end(undefined);
    });
    socket.once('timeout', () => {
      end('ETIMEDOUT');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      end(code ?? 'unknown');
    });
  });
}

function judge(address: string, port: number, fault: string | undefined, isAll: boolean): Remark {
  const advice =
    fault === 'ECONNREFUSED'
      ? `nothing listens there: start the gateway ("dockgate serve") or the proxy in front on port ${port}, or remove ${address} from the DNS`
      : `a firewall is in the way, or the address is wrong: let port ${port} of ${address} through, or correct the DNS`;
  const what = `port ${port} of ${address} takes no connection (${fault ?? ''})`;
  return isAll ? error(what, advice) : warning(what, advice);
}
