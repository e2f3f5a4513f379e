import type { CertificateFiles, UpstreamCredentials } from './config.ts';

/** The keys that say who Dockgate is to a server of somebody else, and whom it believes there. */
interface IntroductionSettings {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** The same with halves of pairs left out; `absolute` makes a path of the file absolute. */
export function resolveIntroduction(
  { username, password, ca, clientCert, clientKey }: IntroductionSettings,
  absolute: (name: string) => string,
): {
  readonly credentials: UpstreamCredentials | undefined;
  readonly ca: string | undefined;
  readonly clientCertificate: CertificateFiles | undefined;
} {
  return {
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    ca: ca === undefined ? undefined : absolute(ca),
    clientCertificate:
      clientCert === undefined || clientKey === undefined
        ? undefined
        : { cert: absolute(clientCert), key: absolute(clientKey) },
  };
}
