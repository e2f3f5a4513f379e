import { isComponent } from './names.ts';

const dockerHub = ['docker.io', 'registry-1.docker.io', 'index.docker.io'];

/** What every name of Docker Hub begins with in full. */
export const dockerHubPrefix = 'docker.io';

/**
 * The prefix of an upstream that is given none: its host name without the port, `docker.io` for Docker Hub.
 * Undefined when that cannot be part of an image's name, as with an IPv6 address.
 */
export function defaultPrefix({ hostname }: Readonly<URL>): string | undefined {
  if (dockerHub.includes(hostname)) return dockerHubPrefix;
  return isComponent(hostname) ? hostname : undefined;
}
