import { createAuthority } from '../support/authority.ts';
import { describeTrust, HOST } from '../support/clients/trust-suite.ts';
import { createUpstream } from '../support/upstream.ts';

const credentials = { user: 'anna', password: 'correct horse' };

// The machinery itself, held against a registry that is known to work.
describeTrust(['docker-registry', 'htpasswd', 'openssl'], async (machine) => {
  const tls = await createAuthority(machine);
  const auth = { type: 'basic', account: credentials } as const;
  const registry = await createUpstream(machine, { auth, tls, host: HOST, port: 443 });
  const isRead = ({ method, path, status }: { method: string; path: string; status: number }): boolean =>
    method === 'GET' && path.includes('/blobs/sha256:') && status === 200;
  const blobReads = async (): Promise<number> => (await registry.requests()).filter(isRead).length;
  return { ca: tls.ca, credentials, blobReads };
});
