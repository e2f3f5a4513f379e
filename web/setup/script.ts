import type { ScriptName, SetupFacts } from './facts.ts';
import { COMMON } from './shell/common.ts';
import { CONTAINERD } from './shell/containerd.ts';
import { DOCKER, PODMAN } from './shell/folder.ts';
import { SYSTEM } from './shell/system.ts';

const PARTS: Readonly<Record<ScriptName, string>> = {
  docker: DOCKER,
  podman: PODMAN,
  containerd: CONTAINERD,
  system: SYSTEM,
};

const WHO: Readonly<Record<ScriptName, string>> = {
  docker: 'docker',
  podman: 'podman, buildah and skopeo',
  containerd: 'containerd',
  system: 'all programs',
};

/**
 * The script that makes a client trust this registry, for any POSIX shell. The fingerprint is its argument and not in
 * it: who can change the certificate on the way can change a script too.
 */
export function setupScript(
  name: ScriptName,
  { registry, plain }: Pick<SetupFacts, 'registry' | 'plain'>,
): string {
  const addresses = [
    ...(plain === undefined ? [] : [`http://${plain}/ca.crt`]),
    `https://${registry}/ca.crt`,
  ];
  return `#!/bin/sh
# Makes ${WHO[name]} on this machine trust the registry ${registry}:
#   sudo sh ${name}.sh SHA256:...     its fingerprint, from the server's log; several while an authority is replaced
#   sudo sh ${name}.sh --uninstall    takes back what it did
# It fetches ca.crt and installs of it what has that fingerprint, and refuses when nothing has. The fingerprint
# protects from a wrong certificate; from a changed script only reading it does, or fetching it over verified HTTPS.
set -euf
umask 022
LC_ALL=C
export LC_ALL
HOST='${registry}'
ADDRESSES='${addresses.join(' ')}'
CLIENT=${name}
${COMMON}${PARTS[name]}
# At the very end, so that half a script does nothing.
main "$@"
`;
}
