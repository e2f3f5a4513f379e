import type { Step } from './block.ts';
import { shortCommand } from './commands.ts';
import type { SetupFacts } from './facts.ts';

/** What comes before the blocks: whom one is about to trust, and what protects from whom. */
export function introduction(facts: SetupFacts): Step[] {
  const { fingerprints, secure, registry } = facts;
  if (fingerprints.length === 0)
    return [
      {
        say: `The certificate of ${registry} is signed by an authority that its operator chose; there is no ca.crt to hand out here. Where clients do not trust that authority yet, ask the operator for it.`,
      },
    ];
  const [what, those] =
    fingerprints.length > 1 ? ['These certificates are', 'fingerprints'] : ['This is', 'fingerprint'];
  const short = shortCommand(facts);
  return [
    { say: `${what} what clients are to trust, by SHA-256 ${those}:`, code: fingerprints.join('\n') },
    {
      say: secure
        ? 'If your browser warned you before it showed this page, compare with the log of the server, or with "dockgate certs show" there: everything below rests on it.'
        : 'This page came over plain HTTP, where anybody in between can change it. Compare with the log of the server, or with "dockgate certs show" there: everything below rests on it.',
    },
    ...(short === undefined
      ? []
      : [
          {
            say: 'On a network that you trust this is enough (podman.sh, containerd.sh and system.sh are for those; without curl it is wget -qO- in its place). It protects from a wrong certificate (another machine under this name, an old authority), and not from somebody who can change what you download: he changes the script. The blocks below protect from him too.',
            code: short,
          },
        ]),
  ];
}
