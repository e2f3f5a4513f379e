import {
  downLocation,
  httpsServer,
  ownErrors,
  secureBackend,
  tellClient,
  type Site,
  type Verify,
} from './server.ts';
import { block, comment, file, quoted } from './text.ts';

/** An nginx in front of Dockgate. */
export interface NginxFront {
  readonly sites: readonly Site[];
  readonly backend: {
    readonly scheme: 'http' | 'https';
    /** `127.0.0.1:8080`. */
    readonly address: string;
    /** With `https`. */
    readonly verify?: Verify;
  };
  /** Whether WebSockets are passed on. */
  readonly webSockets: boolean;
  /** Lines of dockgate.yaml that go with it. */
  readonly keys: readonly string[];
  /** What nginx sends itself; undefined: nothing. */
  readonly accel?: Accel | undefined;
}

/** The blob store, as nginx finds it. */
export interface Accel {
  /** The path of the internal location, with slashes at both ends. */
  readonly location: string;
  /** Absolute path of the store's folder. */
  readonly folder: string;
  /** Absolute path of the data folder, when the store is below it. */
  readonly data?: string | undefined;
}

/** Emits what belongs into nginx's http block. */
export function emitFront(front: NginxFront): string {
  const { sites, accel, webSockets } = front;
  return file([
    heading(front),
    accel ? permissions(accel) : [],
    upstream(front),
    webSockets ? block('map $http_upgrade $dockgate_connection', ['default upgrade;', '"" "";']) : [],
    plainServer(front),
    ...sites.map((site) => httpsServer(site, locations(front))),
  ]);
}

function heading({ keys, accel }: NginxFront): string[] {
  return comment(
    `nginx in front of Dockgate${accel ? ', sending blobs from its store' : ''}, by "dockgate nginx export".`,
    'It belongs into the http block: /etc/nginx/conf.d/dockgate.conf, then "nginx -t" and "nginx -s reload".',
    '',
    'In dockgate.yaml, so that the addresses of clients are known and nothing else is believed:',
    ...keys.map((line) => `    ${line}`),
  );
}

function permissions({ folder, data }: Accel): string[] {
  const group = 'www-data';
  return comment(
    `The worker processes must be able to read ${folder}. Set accelRedirect and restart Dockgate first: from`,
    'then on its group can read what it writes. Then, once, with the group of your nginx:',
    ...(data === undefined ? [] : [`    chgrp ${group} ${data} && chmod g+x ${data}`]),
    `    chgrp -R ${group} ${folder}`,
    `    find ${folder} -type d -exec chmod g+rxs {} +`,
    `    find ${folder} -type f -exec chmod g+r {} +`,
    'What nginx cannot open, it asks Dockgate to send, so a missing right costs speed; nginx logs it as an error.',
  );
}

function upstream({ backend }: NginxFront): string[] {
  return block('upstream dockgate', [
    `server ${backend.address};`,
    ...comment(
      'nginx closes idle ones after 60 s, before Dockgate does after 75 s: none is closed under a request.',
    ),
    'keepalive 32;',
  ]);
}

/** What clients need before they trust anything; all else is sent to HTTPS. */
function plainServer({ sites, backend }: NginxFront): string[] {
  const names = [...new Set(sites.flatMap(({ hosts }) => hosts))];
  const pass = [`proxy_pass ${backend.scheme}://dockgate;`];
  return block('server', [
    'listen 80;',
    'listen [::]:80;',
    `server_name ${names.map(quoted).join(' ')};`,
    'proxy_http_version 1.1;',
    ...tellClient(),
    ...verification(backend),
    ...block('location /', ['return 308 https://$host$request_uri;']),
    ...block('location = /ca.crt', pass),
    ...block('location /setup', pass),
    ...block('location /.well-known/acme-challenge/', pass),
  ]);
}

function verification({ scheme, verify }: NginxFront['backend']): string[] {
  return scheme === 'https' && verify ? secureBackend(verify) : [];
}

function locations({ backend, webSockets, accel }: NginxFront): string[] {
  const upgrade = webSockets ? ['proxy_set_header Upgrade $http_upgrade;'] : [];
  const told = [...tellClient(webSockets ? '$dockgate_connection' : '""'), ...upgrade];
  return [
    ...told,
    `proxy_set_header X-Dockgate-Accel ${accel ? 'on' : '""'};`,
    ...verification(backend),
    ...ownErrors,
    '',
    ...block('location /', [`proxy_pass ${backend.scheme}://dockgate;`]),
    ...downLocation('Dockgate'),
    ...(accel ? ['', ...accelLocations(accel, backend, told)] : []),
  ];
}

/** Of Dockgate's answer nginx keeps little when it sends the file in its place. */
const kept = [
  'Docker-Content-Digest',
  'Docker-Distribution-Api-Version',
  'Dockgate-Member',
  'Dockgate-Passed',
  'ETag',
  'Age',
  'Warning',
  'X-Content-Type-Options',
  'X-Request-Id',
];

function accelLocations(
  { location, folder }: Accel,
  backend: NginxFront['backend'],
  told: string[],
): string[] {
  const variable = (name: string): string => `$upstream_http_${name.toLowerCase().replaceAll('-', '_')}`;
  return [
    ...block(`location ${location}`, [
      ...comment(
        'Only for what Dockgate answers with X-Accel-Redirect: it has checked who may read the blob.',
      ),
      'internal;',
      `alias ${quoted(`${folder}/`)};`,
      'sendfile on;',
      'tcp_nopush on;',
      ...comment('The tag is the digest, which Dockgate has compared already.'),
      'etag off;',
      'if_modified_since off;',
      'max_ranges 1;',
      ...kept.map((name) => `add_header ${name} ${variable(name)};`),
      ...comment('Collected in between, or not readable: then Dockgate says what is to be said.'),
      'error_page 403 404 500 = @dockgate_sends;',
    ]),
    ...block('location @dockgate_sends', [
      ...told,
      'proxy_set_header X-Dockgate-Accel "";',
      `proxy_pass ${backend.scheme}://dockgate$request_uri;`,
    ]),
  ];
}
