import type { AcmeFailure, Problem } from './problem.ts';
import type { AcmeSettings } from './settings.ts';

/** Why one name was not validated, and what has to be so that it is (RFC 8555, 6.7 and 8.3). */
export function explainName({ server, port }: AcmeSettings, name: string, problem: Problem): string {
  const url = `http://${name}/.well-known/acme-challenge/`;
  const said = `(${problem.detail})`;
  const way = `port 80 of ${name} must reach ${port === 80 ? 'this machine' : `port ${port} of this machine`}`;
  switch (problem.type) {
    case 'dns':
      return `${server.host} found no address of ${name} ${said}: give it a DNS record that leads to this machine`;
    case 'caa':
      return `the CAA record of ${name} keeps ${server.host} from issuing ${said}: let the record name that authority`;
    case 'unauthorized':
    case 'incorrectResponse':
      return `somebody else answers ${url} ${said}: ${way}, as its DNS record and everything in between lead to it`;
    default:
      return `${server.host} could not fetch ${url} ${said}: ${way} from where that server is`;
  }
}

/** Why there is no certificate, and what to do about it. */
export function explainFailure({ server }: AcmeSettings, { message, problem }: AcmeFailure): string {
  const advice = adviceOn(server, problem);
  return advice === undefined ? message : `${message}: ${advice}`;
}

function adviceOn({ host }: Readonly<URL>, problem: Problem | undefined): string | undefined {
  switch (problem?.type) {
    case 'rateLimited':
      return 'wait; it is tried again when the server allows it';
    case 'userActionRequired':
      return `${host} wants something of you, such as to agree to new terms: open ${problem.instance ?? 'its page'}`;
    case 'externalAccountRequired':
      return 'set tls.acme.externalAccount to the kid and hmacKey that it gave you';
    case 'invalidContact':
    case 'unsupportedContact':
      return 'correct tls.acme.email';
    case 'rejectedIdentifier':
      return 'take that host out, or give it a certificate of its own with hosts.NAME.tls';
    case 'badSignatureAlgorithm':
      return 'use an ACME server that takes ES256';
    default:
      return undefined;
  }
}
