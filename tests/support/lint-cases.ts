/** A front with nothing wrong. `TLS` stands for certificate files that are right. */
export const healthy = `
upstream registry { server 10.0.0.5:5000; keepalive 8; }
server {
  listen 443 ssl http2;
  listen [::]:443 ssl http2;
  server_name registry.example.org;
  TLS
  ssl_protocols TLSv1.2 TLSv1.3;
  client_max_body_size 0;
  location / {
    proxy_pass http://registry;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_read_timeout 900s;
  }
}
server { listen 80; server_name registry.example.org; return 301 https://$host$request_uri; }
`;

/** A change of the healthy file: text that is exchanged, and what is said of it. */
export interface LintCase {
  readonly title: string;
  readonly change: readonly (readonly [string, string])[];
  /** `severity rule`, in order; none: still healthy. */
  readonly found: readonly string[];
  /** A part of the line that the first finding points to. */
  readonly line?: string;
}

const pass = 'proxy_pass http://registry;';
const two =
  'upstream reads { server 10.0.0.6:8082; } upstream writes { server 10.0.0.5:8083; }\nserver {\n  listen 443';
/** Two registries behind the server, with these lines in the place of the one proxy_pass. */
const split = (lines: string, http = ''): readonly (readonly [string, string])[] => [
  ['server {\n  listen 443', `${http}${two}`],
  [pass, lines],
];
const before = (lines: string): readonly (readonly [string, string])[] => [
  ['location / {', `${lines}\n  location / {`],
];
const instead = (old: string, lines: string): readonly (readonly [string, string])[] => [[old, lines]];
const within = (lines: string): readonly (readonly [string, string])[] => [[pass, `${pass}\n    ${lines}`]];

const cachePath = [
  'upstream registry',
  'proxy_cache_path cache keys_zone=zone:1m;\nupstream registry',
] as const;
const headers =
  'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; proxy_read_timeout 900s;';

export const lintCases: readonly LintCase[] = [
  { title: 'a healthy front', change: [], found: [] },
  {
    title: 'a split that is as right as nginx can make it',
    change: [
      ...split(
        'set $to writes; if ($request_method ~ ^(GET|HEAD)$) { set $to reads; } if ($uri ~ ^/v2/.+/blobs/uploads/) { set $to writes; } set $what $request_method$uri; if ($what ~ ^HEAD/v2/.+/blobs/) { set $to writes; } proxy_pass http://$to;',
      ),
    ],
    found: [],
  },
  {
    title: 'a split by a map of method and path',
    change: split(
      'proxy_pass http://$to;',
      'map "$request_method $uri" $to { default writes; "~^GET /v2/.+/blobs/uploads/" writes; "~^(GET) " reads; "~^HEAD /v2/.+/manifests/" reads; }\n',
    ),
    found: [],
  },
  {
    title: 'GET alone goes to the read side',
    change: split('set $to writes; if ($request_method ~* "GET") { set $to reads; } proxy_pass http://$to;'),
    found: ['error head-split', 'warning upload-session'],
    line: 'if ($request_method',
  },
  {
    title: 'PUT alone goes to the write side',
    change: split('set $to reads; if ($request_method = PUT) { set $to writes; } proxy_pass http://$to;'),
    found: ['error method-split', 'error upload-session'],
  },
  {
    title: 'PUT and POST, yet not PATCH and DELETE',
    change: split(
      'set $to reads; if ($request_method ~ ^(PUT|POST)$) { set $to writes; } proxy_pass http://$to;',
    ),
    found: ['error method-split', 'warning head-split', 'error upload-session'],
  },
  {
    title: 'DELETE to the read side',
    change: split(
      'set $to writes; if ($request_method ~ ^(GET|HEAD|DELETE)$) { set $to reads; } if ($uri ~ /blobs/uploads/) { set $to writes; } set $what $request_method$uri; if ($what ~ ^HEAD/v2/.+/blobs/) { set $to writes; } proxy_pass http://$to;',
    ),
    found: ['warning method-split'],
  },
  {
    title: 'HEAD of blobs to the read side',
    change: split(
      'set $to writes; if ($request_method ~ ^(GET|HEAD)$) { set $to reads; } if ($uri ~ /blobs/uploads/) { set $to writes; } proxy_pass http://$to;',
    ),
    found: ['warning head-split'],
  },
  {
    title: 'uploads that are spread',
    change: instead('server 10.0.0.5:5000;', 'server 10.0.0.5:5000; server 10.0.0.6:5000;'),
    found: ['hint balanced-sessions'],
  },
  {
    title: 'two servers, one of them a backup',
    change: instead('server 10.0.0.5:5000;', 'server 10.0.0.5:5000; server 10.0.0.6:5000 backup;'),
    found: [],
  },
  {
    title: 'limit_except that forgets PATCH',
    change: within('limit_except GET PUT POST DELETE { deny all; }'),
    found: ['error refused-methods'],
    line: 'deny all',
  },
  {
    title: 'limit_except GET: a mirror',
    change: within('limit_except GET { deny all; }'),
    found: [],
  },
  {
    title: 'HEAD refused',
    change: within('if ($request_method = HEAD) { return 405; }'),
    found: ['error refused-methods'],
  },
  {
    title: 'only names with one slash are passed on',
    change: [
      ['location / {', 'location ~ ^/v2/([^/]+/[^/]+/(manifests|blobs|tags|referrers)/|token|_catalog|$) {'],
    ],
    found: ['error paths', 'error paths'],
  },
  {
    title: 'no /v2/token',
    change: [['location / {', 'location ~ ^/v2/(.+/(manifests|blobs|tags|referrers)/|_catalog|$) {']],
    found: ['error paths'],
  },
  {
    title: 'no /v1/ before Nexus',
    change: [
      ['location / {', 'location /v2/ {'],
      ['upstream registry', '# Nexus\nupstream nexus'],
      [pass, 'proxy_pass http://nexus;'],
    ],
    found: ['hint paths'],
  },
  {
    title: 'no /v1/ before docker-registry',
    change: [['location / {', 'location /v2/ {']],
    found: [],
  },
  {
    title: '/v2/ eaten by proxy_pass with a slash',
    change: [
      ['location / {', 'location /v2/ {'],
      [pass, 'proxy_pass http://registry/;'],
    ],
    found: ['error proxied-path'],
    line: 'proxy_pass',
  },
  {
    title: '/v2/ doubled',
    change: [
      ['location / {', 'location / {'],
      [pass, 'proxy_pass http://registry/v2/;'],
    ],
    found: ['error proxied-path'],
  },
  {
    title: 'the query lost',
    change: instead(pass, 'set $to registry; proxy_pass http://$to$uri;'),
    found: ['error proxied-path'],
  },
  {
    title: 'a path of Nexus before it',
    change: instead(pass, 'rewrite ^/(v2/.*)$ /repository/docker/$1 break; proxy_pass http://registry;'),
    found: [],
  },
  {
    title: 'a name in a variable without resolver',
    change: instead(pass, 'set $to registry.internal; proxy_pass http://$to:5000;'),
    found: ['error resolver'],
  },
  {
    title: 'a name in a variable with resolver',
    change: instead(pass, 'resolver 127.0.0.53; set $to registry.internal; proxy_pass http://$to:5000;'),
    found: [],
  },
  {
    title: 'a guard that asks who comes, before something that is wrong',
    change: [
      ['client_max_body_size 0;', ''],
      ['upstream registry', 'geo $inside { default 0; 10.0.0.0/8 1; }\nupstream registry'],
      ['location / {', 'if ($inside = 0) { return 403; }\n  location / {'],
    ],
    found: ['hint undecidable', 'error body-size'],
    line: 'if ($inside',
  },
  {
    title: 'a name by an expression, whose group is used',
    change: [
      ['server_name registry.example.org;', 'server_name ~^(?<repo>[^.]+)\\.example\\.org$;'],
      [pass, 'rewrite ^/(v2/.*)$ /repository/$repo/$1 break; proxy_pass http://registry;'],
    ],
    found: [],
  },
  {
    title: 'a destination that depends on the certificate of the client',
    change: instead(pass, `${pass} if ($ssl_client_s_dn ~ x) { proxy_pass http://10.0.0.7; }`),
    found: ['hint undecidable'],
    line: '$ssl_client_s_dn',
  },
  {
    title: 'two ifs that hold more than set',
    change: within('if ($http_a) { gzip on; } if ($http_b) { gzip off; }'),
    found: ['warning if-traps'],
  },
  {
    title: 'add_header within and beside an if',
    change: within('add_header A a; if ($http_b) { add_header B b; }'),
    found: ['warning if-traps'],
  },
  {
    title: 'ifs that set and return',
    change: within('add_header A a; if ($http_b) { set $b 1; } if ($http_c) { return 403; }'),
    found: [],
  },
  {
    title: 'a rewrite that merges slashes',
    change: before('rewrite ^(.*)//+(.*)$ $1/$2;'),
    found: ['warning double-slashes'],
  },
  {
    title: 'X-Forwarded-Proto http behind TLS',
    change: instead('X-Forwarded-Proto $scheme', 'X-Forwarded-Proto http'),
    found: ['error forwarded-proto'],
    line: 'X-Forwarded-Proto http',
  },
  {
    title: 'X-Forwarded-Proto missing',
    change: instead('proxy_set_header X-Forwarded-Proto $scheme;', ''),
    found: ['warning forwarded-proto'],
  },
  {
    title: 'X-Forwarded-Proto from a client that does not send it',
    change: instead('X-Forwarded-Proto $scheme', 'X-Forwarded-Proto $http_x_forwarded_proto'),
    found: ['warning forwarded-proto'],
  },
  {
    title: 'X-Forwarded-Proto missing before a backend with TLS',
    change: [
      ['proxy_set_header X-Forwarded-Proto $scheme;', ''],
      [pass, 'proxy_pass https://registry;'],
    ],
    found: [],
  },
  {
    title: 'headers outside that a header inside drops',
    change: [
      [
        'client_max_body_size 0;',
        'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; client_max_body_size 0;',
      ],
      ['proxy_set_header Host $http_host;\n', ''],
      ['proxy_set_header X-Forwarded-Proto $scheme;\n', ''],
    ],
    found: ['warning forwarded-proto', 'error host-header'],
  },
  {
    title: '$host on another port',
    change: [
      ['listen 443 ssl', 'listen 8443 ssl'],
      ['listen [::]:443 ssl', 'listen [::]:8443 ssl'],
      ['$http_host', '$host'],
    ],
    found: ['error host-header'],
    line: 'Host $host',
  },
  { title: '$host on the usual port', change: instead('$http_host', '$host'), found: [] },
  {
    title: '$host:$server_port on another port',
    change: [
      ['listen 443 ssl', 'listen 8443 ssl'],
      ['listen [::]:443 ssl', 'listen [::]:8443 ssl'],
      ['$http_host', '$host:$server_port'],
    ],
    found: [],
  },
  {
    title: 'proxy_redirect to another host',
    change: within('proxy_redirect http://10.0.0.5:5000/ https://old.example.org/;'),
    found: ['error redirects'],
  },
  {
    title: 'proxy_redirect to http',
    change: within('proxy_redirect default; proxy_redirect https:// http://$host/;'),
    found: ['error redirects'],
  },
  {
    title: 'proxy_redirect to the right place',
    change: within(
      'proxy_redirect http:// https://; proxy_redirect http://10.0.0.5:5000/ https://registry.example.org/;',
    ),
    found: [],
  },
  {
    title: 'the body size that nginx has by itself',
    change: instead('client_max_body_size 0;', ''),
    found: ['error body-size'],
  },
  {
    title: 'a body size of 2g',
    change: instead('client_max_body_size 0;', 'client_max_body_size 2g;'),
    found: ['warning body-size'],
  },
  {
    title: 'a body size of 20g',
    change: instead('client_max_body_size 0;', 'client_max_body_size 20g;'),
    found: [],
  },
  {
    title: 'uploads written to the disk',
    change: instead('proxy_request_buffering off;', ''),
    found: ['hint buffering'],
  },
  {
    title: 'downloads written to the disk',
    change: instead('proxy_buffering off;', ''),
    found: ['hint buffering'],
  },
  {
    title: 'buffering in memory alone',
    change: instead('proxy_buffering off;', 'proxy_max_temp_file_size 0;'),
    found: [],
  },
  {
    title: 'streaming over HTTP/1.0',
    change: instead('proxy_http_version 1.1;', ''),
    found: ['warning http-version', 'hint http-version'],
  },
  {
    title: 'keepalive without effect',
    change: instead('proxy_set_header Connection "";', ''),
    found: ['hint http-version'],
  },
  {
    title: 'chunked_transfer_encoding off',
    change: before('chunked_transfer_encoding off;'),
    found: ['warning chunked-encoding'],
  },
  {
    title: 'the times that nginx has by itself',
    change: instead('proxy_read_timeout 900s;', ''),
    found: ['warning timeouts'],
  },
  {
    title: 'short times',
    change: instead(
      'proxy_read_timeout 900s;',
      'proxy_read_timeout 1m30s; client_body_timeout 10; send_timeout 5s; proxy_send_timeout 30;',
    ),
    found: ['warning timeouts', 'warning timeouts', 'warning timeouts', 'warning timeouts'],
  },
  {
    title: 'small buffers for headers',
    change: [
      ['location / {', 'large_client_header_buffers 4 2k;\n  location / {'],
      [pass, `${pass} proxy_buffer_size 1k;`],
    ],
    found: ['warning header-buffers', 'warning header-buffers'],
  },
  {
    title: 'old TLS beside new',
    change: instead('TLSv1.2 TLSv1.3', 'TLSv1.1 TLSv1.2'),
    found: ['warning tls-versions'],
  },
  {
    title: 'old TLS alone',
    change: instead('TLSv1.2 TLSv1.3', 'TLSv1 TLSv1.1'),
    found: ['error tls-versions'],
  },
  {
    title: 'the same without TLS',
    change: instead('listen [::]:443', 'listen 8080;\n  listen [::]:443'),
    found: ['hint plain-http'],
    line: 'listen 8080',
  },
  {
    title: 'a password before tokens',
    change: before(
      'auth_basic registry; auth_basic_user_file x;\n  location = /v2/token { auth_basic off; proxy_pass http://registry; proxy_set_header Host $http_host; }',
    ),
    found: ['error basic-auth'],
  },
  {
    title: 'a password at /v2/ alone',
    change: before(
      `location = /v2/ { auth_basic registry; proxy_pass http://registry; ${headers} } location = /v2/token { auth_basic registry; proxy_pass http://registry; ${headers} }`,
    ),
    found: ['warning basic-auth'],
  },
  {
    title: 'a password before everything',
    change: before('auth_basic registry; auth_basic_user_file x;'),
    found: [],
  },
  {
    title: 'error pages for what the registry says',
    change: within('proxy_intercept_errors on; error_page 404 /404.html;'),
    found: ['error intercepted-errors'],
  },
  {
    title: 'error pages for what nginx says',
    change: within('error_page 500 502 503 504 /50x.html;'),
    found: [],
  },
  { title: 'proxy_cache', change: [...within('proxy_cache zone;'), cachePath], found: ['error proxy-cache'] },
  {
    title: 'proxy_cache by login',
    change: [...within('proxy_cache zone; proxy_cache_key $http_authorization$uri;'), cachePath],
    found: [],
  },
  {
    title: 'gzip of layers',
    change: before('gzip on; gzip_types text/css application/octet-stream;'),
    found: ['warning compression'],
  },
  { title: 'gzip of text', change: before('gzip on; gzip_types text/css application/json;'), found: [] },
  {
    title: 'the version header twice',
    change: within('add_header Docker-Distribution-Api-Version registry/2.0 always;'),
    found: ['hint version-header'],
  },
  {
    title: 'the version header as documented',
    change: [
      [
        'upstream registry',
        "map $upstream_http_docker_distribution_api_version $version { '' 'registry/2.0'; }\nupstream registry",
      ],
      [pass, `${pass} add_header 'Docker-Distribution-Api-Version' $version always;`],
    ],
    found: [],
  },
];
