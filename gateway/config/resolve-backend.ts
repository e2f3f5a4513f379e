import type { BackendConfig } from './config.ts';
import type { Settings } from './schema.ts';

/**
 * How the addresses of a host are spoken to; `isMixed`: it has a repository of ours as well, whose users are ours, so
 * that only we can check the login. `absolute` makes a path of the file absolute.
 */
export function resolveBackend(
  { login = 'backend', username, password, ca, clientCert, clientKey }: Settings['hosts'][string],
  isMixed: boolean,
  absolute: (name: string) => string,
): BackendConfig {
  return {
    login: isMixed ? 'gateway' : login,
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    ca: ca === undefined ? undefined : absolute(ca),
    clientCertificate:
      clientCert === undefined || clientKey === undefined
        ? undefined
        : { cert: absolute(clientCert), key: absolute(clientKey) },
  };
}
