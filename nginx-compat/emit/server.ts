import { block, comment, quoted } from './text.ts';

/** Names that are served with one certificate. */
export interface Site {
  /** As `server_name` takes them: names, `*.name`, addresses. At least one. */
  readonly hosts: readonly string[];
  /** Absolute paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

/** A server block for HTTPS, with what transfers of any size and length need. */
export function httpsServer({ hosts, certificate, key }: Site, content: readonly string[]): string[] {
  return block('server', [
    'listen 443 ssl;',
    'listen [::]:443 ssl;',
    `server_name ${hosts.map(quoted).join(' ')};`,
    `ssl_certificate ${quoted(certificate)};`,
    `ssl_certificate_key ${quoted(key)};`,
    'ssl_protocols TLSv1.2 TLSv1.3;',
    'ssl_session_cache shared:dockgate:10m;',
    '',
    ...comment('Layers have any size, and take any time.'),
    'client_max_body_size 0;',
    'client_body_timeout 1h;',
    'send_timeout 1h;',
    'proxy_read_timeout 1h;',
    'proxy_send_timeout 1h;',
    ...comment('Straight through: without these nginx writes each layer to its own disk first.'),
    'proxy_request_buffering off;',
    'proxy_buffering off;',
    'proxy_buffer_size 64k;',
    'proxy_buffers 8 64k;',
    ...comment('nginx speaks 1.0 otherwise, which has neither chunks nor connections that stay open.'),
    'proxy_http_version 1.1;',
    '',
    ...content,
  ]);
}

/**
 * What a backend is told of the client, and nothing that the client says of itself: each of these replaces what came.
 * `connection` is what `Connection` is to be.
 */
export function tellClient(connection = '""'): string[] {
  return [
    'proxy_set_header Host $http_host;',
    `proxy_set_header Connection ${connection};`,
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Host $http_host;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    'proxy_set_header X-Real-IP $remote_addr;',
    'proxy_set_header Forwarded "";',
  ];
}

/** Where nginx's own errors go, so that clients find words that they can read in them. */
export const ownErrors = ['error_page 502 504 = @down;'];

/** The answer when the backend gives none. */
export function downLocation(what: string): string[] {
  const json = JSON.stringify({
    errors: [{ code: 'UNAVAILABLE', message: `nginx reaches no ${what}: look whether it runs` }],
  });
  return block('location @down', [
    'default_type application/json;',
    'add_header Retry-After 5 always;',
    `return 503 '${json}';`,
  ]);
}

/** How a backend with HTTPS is verified. */
export interface Verify {
  /** Absolute path of PEM authorities. */
  readonly ca: string;
  /** The name that must be in its certificate. */
  readonly name: string;
}

/** Directives for a backend with HTTPS; without `verify` it is not looked at, which nginx's default is, too. */
export function secureBackend({ ca, name }: Verify): string[] {
  return [
    'proxy_ssl_verify on;',
    'proxy_ssl_verify_depth 3;',
    `proxy_ssl_trusted_certificate ${quoted(ca)};`,
    'proxy_ssl_server_name on;',
    `proxy_ssl_name ${quoted(name)};`,
  ];
}
