import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './gateway.ts';
import type { Place } from './place.ts';
import { startNginx } from './start-nginx.ts';

/** A repository of a server that has each of them under a path, as Nexus does. */
export interface NexusRepository {
  readonly name: string;
  /** The registry that plays it, `http://127.0.0.1:5000`. */
  readonly registry: string;
  /** What its challenges say instead of the registry's own; `$base` is the server's URL. */
  readonly challenge?: string;
  /** Paths of the server that lead to a token service. */
  readonly tokens?: { readonly path: string; readonly realm: string };
}

/**
 * Debian's nginx with registries under `/repository/NAME/v2/`; its errors are web pages. Gives its URL; it ends with
 * the place.
 */
export async function startNexusLike(
  place: Place,
  repositories: readonly NexusRepository[],
): Promise<string> {
  const folder = join(place.folder, `nexus-${randomUUID()}`);
  await mkdir(folder);
  const port = await freePort();
  const base = `http://${place.address}:${port}`;
  const locations = repositories.map(({ name, registry, challenge, tokens }) => {
    const own = challenge?.replaceAll('$base', base);
    return `
    location /repository/${name}/v2/ {
      proxy_pass ${registry}/v2/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      ${own === undefined ? '' : `proxy_hide_header WWW-Authenticate; set $challenge ''; if ($http_authorization = '') { set $challenge '${own}'; } add_header WWW-Authenticate $challenge always;`}
    }
    ${tokens ? `location = ${tokens.path} { proxy_pass ${tokens.realm}; }` : ''}`;
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log info;
events {}
http {
  access_log ${folder}/access.log;
  ${temporary.join('\n  ')}
  server {
    listen ${place.address}:${port};
    client_max_body_size 0;
    ${locations.join('\n')}
  }
}
`;
  await startNginx(place, folder, config, port);
  return base;
}
