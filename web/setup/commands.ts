import type { ScriptName, SetupFacts } from './facts.ts';

/**
 * Fetches ca.crt, goes on only when it is the right one, and then fetches the script over HTTPS that is verified with
 * it. So the fingerprint in the line that is copied vouches for the script too. Only the first certificate of the file
 * is used: behind the right one somebody could have put another. `args` are the script's.
 */
export function scriptCommands(
  name: ScriptName,
  facts: SetupFacts,
  args = facts.fingerprints.join(' '),
): string {
  return `( set -e; cd "$(mktemp -d)"
${fetchAndCompare(facts, 'ca.crt')}
curl -fsS --cacert ca.crt https://${facts.registry}/setup/${name}.sh -o ${name}.sh
sudo sh ${name}.sh ${args} )`;
}

/** Fetches ca.crt to a path, and leaves it there only when it is the right one. */
export function certificateCommands(facts: SetupFacts, path: string): string {
  return `( set -e; cd "$(mktemp -d)"
${fetchAndCompare(facts, 'ca.crt')}
sudo install -m 644 ca.crt ${path} )`;
}

/** The line that runs what plain HTTP gives, for networks that are trusted. */
export function shortCommand(facts: SetupFacts): string | undefined {
  const { plain, fingerprints } = facts;
  return plain === undefined
    ? undefined
    : `curl -fsS http://${plain}/setup/docker.sh | sudo sh -s -- ${fingerprints.join(' ')}`;
}

function fetchAndCompare({ plain, registry, fingerprints }: SetupFacts, file: string): string {
  const fetch =
    plain === undefined ? `curl -fsSk https://${registry}/ca.crt` : `curl -fsS http://${plain}/ca.crt`;
  const [first = ''] = fingerprints;
  return `${fetch} | openssl x509 -out ${file}
openssl x509 -in ${file} -noout -fingerprint -sha256 | grep -iF '${first.replace(/^SHA256:/, '')}' ||
  { echo 'Stopped: ca.crt has another fingerprint. Compare with the log of the server; nothing was changed.' >&2; exit 1; }`;
}
