import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './gateway.ts';
import type { Place } from './place.ts';
import { startNginx } from './start-nginx.ts';

/** What nginx is to do. */
export interface FrontOptions {
  /** Paths of the PEM files that it serves. */
  readonly cert: string;
  readonly key: string;
  /** Where requests go, such as `http://127.0.0.1:5000`. */
  readonly backend: string;
  /** Directives of the server block that replace those of a healthy front, by their names; empty: left out. */
  readonly server?: Readonly<Record<string, string>>;
  /** The same for its `location /`. */
  readonly location?: Readonly<Record<string, string>>;
  /** Lines of `location /` before the others. */
  readonly before?: string;
}

/** As a registry needs them. */
const healthyServer = { client_max_body_size: '0', ssl_protocols: 'TLSv1.2 TLSv1.3' };
const healthyLocation = {
  proxy_http_version: '1.1',
  proxy_request_buffering: 'off',
  proxy_read_timeout: '1h',
  'proxy_set_header Host': '$http_host',
  'proxy_set_header X-Forwarded-Proto': '$scheme',
};

function directives(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${value};\n`)
    .join('');
}

function configOf(folder: string, address: string, port: number, options: FrontOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};\n`,
  );
  return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log info;
events {}
http {
  access_log ${folder}/access.log;
  ${temporary.join('')}
  server {
    listen ${address}:${port} ssl;
    ssl_certificate ${options.cert};
    ssl_certificate_key ${options.key};
    ${directives({ ...healthyServer, ...options.server })}
    location / {
      set $backend ${options.backend};
      ${options.before ?? ''}
      ${directives({ proxy_pass: '$backend', ...healthyLocation, ...options.location })}
    }
  }
}
`;
}

/** Starts Debian's nginx at that place and gives the port where it speaks HTTPS; it ends with the place. */
export async function startNginxFront(place: Place, options: FrontOptions): Promise<number> {
  const folder = join(place.folder, `nginx-${randomUUID()}`);
  await mkdir(folder);
  const port = await freePort();
  await startNginx(place, folder, configOf(folder, place.address, port, options), port);
  return port;
}
