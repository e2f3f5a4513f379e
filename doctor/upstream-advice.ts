import type { UpstreamFault } from './refusal.ts';

/** What to change so that a proxy gets answers again, and where. `now` in ms since 1970. */
export function upstreamAdvice(
  repository: string,
  { kind, message, retryAfter }: UpstreamFault,
  now: number,
): string {
  const key = `repositories.${repository}`;
  switch (kind) {
    case 'unauthorized':
      return `set or correct ${key}.username and ${key}.password in dockgate.yaml (or the variable that the password comes from) and start the gateway anew; an access token that has expired is a wrong password too`;
    case 'denied':
      return `give the account of ${key}.username in dockgate.yaml the right to pull at the upstream, or name another one with ${key}.username and ${key}.password; without an account, a firewall on the way out is the usual reason`;
    case 'hidden':
      return `the upstream does not give it to anonymous callers: name an account with ${key}.username and ${key}.password in dockgate.yaml, or let the machine of the gateway through to where the upstream keeps its layers`;
    case 'rate-limited':
      return `${ends(retryAfter, now)}, or give ${key}.username and ${key}.password in dockgate.yaml an account with a higher limit; what is cached is served meanwhile`;
    case 'tls':
      if (message.includes('WRONG_VERSION_NUMBER'))
        return `the upstream speaks plain HTTP there: let ${key}.upstream in dockgate.yaml begin with http://, or have the port on which it speaks HTTPS`;
      if (message.includes('ALTNAME'))
        return `its certificate is for another name: let ${key}.upstream in dockgate.yaml have the name that the certificate has`;
      if (message.includes('HAS_EXPIRED') || message.includes('NOT_YET_VALID'))
        return `renew the certificate of the upstream, or set the clock of the machine of the gateway (timedatectl set-ntp true)`;
      return `trust the authority of the upstream with ${key}.ca in dockgate.yaml, a PEM file (a proxy on the way out that looks into TLS has one of its own), and see that the clock of the gateway is right`;
    case 'server-error':
      return `the upstream itself fails: see its log or its status page; what is cached is served meanwhile (${key}.offline: true in dockgate.yaml stops asking it)`;
    case 'bad-answer':
      return `let ${key}.upstream in dockgate.yaml have the right scheme, and be the address of the registry, not of its web page (https://registry-1.docker.io, not https://hub.docker.com); a login page of the network may answer in its place`;
    case 'timeout':
      return `see that the machine of the gateway gets through to it (there: "curl -v" of ${key}.upstream with /v2/ behind it): a firewall on the way out, or outbound.httpsProxy in dockgate.yaml is missing; raise ${key}.headersTimeout when it is only slow`;
    default:
      return /ENOTFOUND|EAI_AGAIN/.test(message)
        ? `the machine of the gateway finds no address for that name: correct ${key}.upstream in dockgate.yaml, or its DNS (/etc/resolv.conf there; a container: --dns)`
        : `see that the upstream runs and that the machine of the gateway reaches it: ${key}.upstream in dockgate.yaml, a firewall on the way out, outbound.httpsProxy where a proxy is needed; ${key}.offline: true stops asking it`;
  }
}

/** `wait until 14:05 UTC`. */
function ends(retryAfter: number | undefined, now: number): string {
  if (retryAfter === undefined) return 'wait: the upstream does not say how long';
  const until = new Date(now + retryAfter * 1000).toISOString();
  return `wait at least ${retryAfter} s, until ${until.slice(0, 16).replace('T', ' ')} UTC`;
}
