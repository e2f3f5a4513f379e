import type { SecureVersion } from 'node:tls';
import { ask } from '../ask.ts';
import type { Check } from '../check.ts';
import { ok, Trouble, warning } from '../finding.ts';
import { shakeHands } from '../handshake.ts';
import { isTimedOut, Silence } from '../silence.ts';
import type { Visit } from '../visit.ts';
import { portOf } from './port.ts';

/** RFC 8996 forbids them. */
const outdated: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1'];

/** Whether the port speaks TLS, and which versions. */
export const tlsCheck: Check = {
  name: 'tls',
  needs: ['port'],
  async run(visit) {
    if (visit.base.protocol !== 'https:') return [ok('the address is plain HTTP')];
    visit.facts.handshake = await shakeHands(visit).catch((fault: unknown) => explain(visit, fault));
    const offered: string[] = [];
    for (const version of outdated)
      if (
        await shakeHands(visit, version).then(
          () => true,
          () => false,
        )
      )
        offered.push(version.replace('v', ' '));
    const { protocol } = visit.facts.handshake;
    if (offered.length === 0) return [ok(`the port speaks ${protocol.replace('v', ' ')}`)];
    return [
      warning(
        `the port still speaks ${offered.join(' and ')}`,
        'allow only newer ones (nginx: ssl_protocols TLSv1.2 TLSv1.3;)',
      ),
    ];
  },
};

async function explain(visit: Visit, fault: unknown): Promise<never> {
  if (visit.signal.aborted)
    throw isTimedOut(visit.signal)
      ? new Silence(
          `port ${portOf(visit.base)} takes connections, and the TLS handshake got no answer`,
          fault,
        )
      : fault;
  const reason = fault instanceof Error ? fault.message : String(fault);
  const plain = new URL(`http://${visit.base.hostname}:${portOf(visit.base)}/v2/`);
  const answer = await ask(visit, plain).catch(() => undefined);
  // nginx answers 400 in plain HTTP on a port that does speak TLS.
  if (answer && answer.status !== 400)
    throw new Trouble(
      `port ${portOf(visit.base)} speaks plain HTTP, not HTTPS`,
      'serve HTTPS there (nginx: "listen 443 ssl;"; dockgate.yaml: listen.https, or "tls: true" of the connector), or examine http://HOST:PORT',
    );
  throw new Trouble(
    `the TLS handshake failed: ${reason}`,
    'look into the log of what listens there; the usual reasons are a server block without a certificate for this name, or old versions of TLS only',
  );
}
