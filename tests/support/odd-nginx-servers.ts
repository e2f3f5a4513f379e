/** A server block, and requests whose way through it is to be found. */
export interface OddServer {
  readonly name: string;
  /** Its `server_name` and the host that is asked; the name of the case without them. */
  readonly as?: { readonly name: string; readonly host: string };
  /** Beside the server, in `http`. */
  readonly http?: string;
  /** On a port of its own: the default server of a port decides how a path is cleaned. */
  readonly isAlone?: boolean;
  /** In the server; `A`, `B` and `C` in an address stand for the ports of the echo servers. */
  readonly server: string;
  /** `METHOD target`, and headers behind it as `Name: value`, each after ` | `. */
  readonly requests: readonly string[];
}

const split = (inside: string): string => `location / { ${inside} }`;

/** Forms that are found in the wild, and those that are known to surprise. */
export const oddServers: readonly OddServer[] = [
  {
    name: 'a name by an expression',
    as: { name: '~^(?<who>[a-z]+)\\.(by-pattern)$', host: 'alice.by-pattern' },
    server: 'location / { proxy_pass http://127.0.0.1:A; proxy_set_header X-Who "$who $1"; }',
    requests: ['GET /v2/'],
  },
  {
    name: 'set and if on GET, matched anywhere and without case',
    server: split(
      `set $up put; if ( $request_method ~* 'GET') { set $up get; } proxy_pass http://$up; proxy_set_header X-Real-IP $remote_addr;`,
    ),
    http: 'upstream put { server 127.0.0.1:A; } upstream get { server 127.0.0.1:B; }',
    requests: [
      'GET /v2/',
      'HEAD /v2/x/blobs/y',
      'PUT /v2/x?digest=a%3Ab',
      'POST /v2/',
      'PATCH /v2//x',
      'OPTIONS /',
    ],
  },
  {
    name: 'set and if in the server',
    server: `set $up 127.0.0.1:A; if ($request_method = PUT) { set $up 127.0.0.1:B; } location /v2/ { proxy_pass http://$up; } location / { proxy_pass http://127.0.0.1:C/root/; }`,
    requests: ['GET /v2/a', 'PUT /v2/a', 'PUT /v3/a', 'GET /', 'GET /a%20b/c', 'GET /v2'],
  },
  {
    name: 'a map of the method',
    http: 'map $request_method $by_method { default 127.0.0.1:A; ~^(GET|HEAD)$ 127.0.0.1:B; post 127.0.0.1:C; } map "$request_method $uri" $both { ~^DELETE\\s/v2/(?<rest>.*)$ 127.0.0.1:C; "GET /exact" 127.0.0.1:A; default $by_method; }',
    server: `location / { proxy_pass http://$by_method; } location /both/ { rewrite ^/both(/.*)$ $1 break; proxy_pass http://$both; proxy_set_header Rest "[$rest]"; }`,
    requests: [
      'GET /x',
      'HEAD /x',
      'POST /x',
      'PUT /x',
      'DELETE /both/v2/a/b',
      'GET /both/exact',
      'GET /both/other',
      'POST /both/v2/q',
    ],
  },
  {
    name: 'locations of every kind',
    server: `
      location = /v2/ { proxy_pass http://127.0.0.1:A/exact; }
      location /v2/ { proxy_pass http://127.0.0.1:B/prefix/; }
      location ^~ /v2/_catalog { proxy_pass http://127.0.0.1:C; }
      location ~ ^/v2/.*/blobs/uploads { proxy_pass http://127.0.0.1:A; }
      location ~* /BLOBS/ { proxy_pass http://127.0.0.1:C; }
      location ~ ^/v2/(.+)/manifests/(.+)$ { proxy_pass http://127.0.0.1:A/m/$1/$2; }
      location =/glued { return 204; }
      location ^~/grown { return 205; }
      location ~^/tilde { return 206; }`,
    requests: [
      'GET /v2/',
      'GET /v2',
      'GET /v2/_catalog/blobs/x',
      'GET /v2/a/blobs/uploads/1',
      'GET /v2/a/blobs/sha256:1',
      'GET /v2/a/b/manifests/latest?x=1',
      'GET /v2/tags',
      'GET /glued',
      'GET /grown/x',
      'GET /tilde',
      'GET /none',
      'GET /v2/../glued',
      'GET //v2//tags',
      'GET /v2/%62lobs/%41',
      'GET /%76%32/tags',
    ],
  },
  {
    name: 'nested locations',
    server: `
      location /v2/ {
        proxy_pass http://127.0.0.1:A;
        proxy_set_header X-Outer outer;
        location /v2/library/ { proxy_pass http://127.0.0.1:B/lib/; proxy_set_header X-Inner inner; }
        location ~ /tags/list$ { proxy_pass http://127.0.0.1:C; }
        location = /v2/own { return 403; }
        location /v2/nothing { }
      }
      location ~ /library/.*/tags { return 410; }
      location ^~ /closed/ { return 203; location ~ \\.x$ { return 207; } }
      location ~ \\.(x|y)$ { return 208; }`,
    requests: [
      'GET /v2/a',
      'GET /v2/library/a',
      'GET /v2/library/a/tags/list',
      'GET /v2/a/tags/list',
      'GET /v2/own',
      'GET /v2/nothing',
      'GET /closed/a',
      'GET /closed/a.x',
      'GET /closed/a.y',
      'GET /a.y',
      'GET /v2/library',
    ],
  },
  {
    name: 'rewrites with last, break and none',
    server: `
      rewrite ^/server/(.*)$ /v2/$1;
      rewrite ^/stop/(.*)$ /v1/$1 break;
      location /v2/ { proxy_pass http://127.0.0.1:A; }
      location /v1/ { proxy_pass http://127.0.0.1:B/one/; }
      location /last/ { rewrite ^/last/(.*)$ /v2/last/$1 last; return 500; }
      location /break/ { rewrite ^/break/(.*)$ /repository/$1 break; proxy_pass http://127.0.0.1:C/ignored/; }
      location /none/ { rewrite ^/none/(.*)$ /v1/$1; rewrite ^/v1/(a)$ /v2/$1; set $never 1; proxy_pass http://127.0.0.1:C; }
      location /query/ { rewrite ^/query/(.*)$ /v2/$1?added=1 break; proxy_pass http://127.0.0.1:C; }
      location /drop/ { rewrite ^/drop/(.*)$ /v2/$1? break; proxy_pass http://127.0.0.1:C; }
      location /moved/ { rewrite ^/moved/(.*)$ /to/$1 permanent; }
      location /away/ { rewrite ^/away/(.*)$ https://other.example/$1; }
      location /circle/ { rewrite ^/circle/(.*)$ /circle/$1x last; }
      location /broken/ { rewrite ^/broken/(.*)$ /v2/$1; break; proxy_pass http://127.0.0.1:C/u/; }`,
    requests: [
      'GET /server/a?x=1',
      'GET /stop/a',
      'GET /last/a%2Fb',
      'GET /break/a b'.replace(' b', '%20b'),
      'PUT /none/a',
      'PUT /none/b',
      'GET /query/a?b=2',
      'GET /drop/a?b=2',
      'GET /moved/a?b=2',
      'GET /away/a?b',
      'GET /broken/x',
      'GET /v1/a//b',
      'GET /v2/%7Bx%7D?y',
    ],
  },
  {
    name: 'an if that takes the place of its location',
    server: `
      location / {
        proxy_pass http://127.0.0.1:A;
        proxy_set_header X-All all;
        client_max_body_size 5m;
        if ($request_method = PUT) { proxy_pass http://127.0.0.1:B; }
        if ($http_x_third) { set $third yes; }
        if ($arg_c = "1") { proxy_pass http://127.0.0.1:C; }
      }
      location /if-uri/ { if ($request_method = PUT) { set $a b; } proxy_pass http://127.0.0.1:A/changed/; }
      location /only/ { if ($request_method != GET) { proxy_pass http://127.0.0.1:B; } }`,
    requests: [
      'GET /',
      'PUT /',
      'PUT /?c=1',
      'PUT / | X-Third: 1',
      'PUT / | X-Third: 0',
      'GET /if-uri/a',
      'PUT /if-uri/a',
      'PUT /only/x',
      'GET /only/x',
    ],
  },
  {
    name: 'limit_except',
    server: `
      location /deny/ { limit_except GET { deny all; } proxy_pass http://127.0.0.1:A; }
      location /pass/ { limit_except GET HEAD { proxy_pass http://127.0.0.1:B; } proxy_pass http://127.0.0.1:A; }
      location /script/ { limit_except GET { deny 10.0.0.0/8; } set $where 127.0.0.1:B; if ($request_method = POST) { return 409; } proxy_pass http://127.0.0.1:A; }`,
    requests: [
      'GET /deny/',
      'HEAD /deny/',
      'PUT /deny/',
      'GET /pass/x',
      'PUT /pass/x',
      'DELETE /pass/x',
      'POST /script/',
      'GET /script/',
    ],
  },
  {
    name: 'error pages that choose a backend',
    server: `
      location /v2/ { error_page 418 = @put; error_page 419 /put-page; if ($request_method !~ ^(GET|HEAD)$) { return 418; } if ($arg_p) { return 419; } proxy_pass http://127.0.0.1:A; }
      location @put { proxy_pass http://127.0.0.1:B; proxy_set_header X-Named named; }
      location = /put-page { internal; proxy_pass http://127.0.0.1:C; }
      location /try/ { try_files /not-there @put; }
      location /try-uri/ { try_files $uri /v2/found?$args; }
      location /try-code/ { try_files $uri =404; }
      location /text/ { error_page 404 = @put; return 404 "no"; }
      location /denied/ { error_page 403 = @put; deny all; }
      location /away/ { error_page 403 https://example.org/x; return 403; }`,
    requests: [
      'GET /v2/a',
      'PUT /v2/a%2fb?x',
      'GET /v2/a?p=1',
      'GET /put-page',
      'PUT /try/x',
      'GET /try-uri/x?q=1',
      'GET /try-code/x',
      'GET /text/',
      'GET /denied/',
      'GET /away/',
    ],
  },
  {
    name: 'proxy_pass with and without a path',
    server: `
      location /a/ { proxy_pass http://127.0.0.1:A; }
      location /b/ { proxy_pass http://127.0.0.1:A/; }
      location /c/ { proxy_pass http://127.0.0.1:A/x; }
      location /d { proxy_pass http://127.0.0.1:A/x/; }
      location /e/ { proxy_pass http://127.0.0.1:A/fixed$uri; }
      location /f/ { proxy_pass http://127.0.0.1:A$request_uri; }
      location /g/ { set $port A; proxy_pass http://127.0.0.1:$port/; }
      location ~ ^/h/(.*)$ { proxy_pass http://127.0.0.1:A/$1$is_args$args; }
      location /i/ { set $scheme_and_all http://127.0.0.1:B; proxy_pass $scheme_and_all; }`,
    requests: [
      'GET /a/x%2Fy?q=%20',
      'GET /a/../b/c',
      'GET /b/x%2Fy?q=%20',
      'GET /b//x',
      'GET /b',
      'GET /c/y',
      'GET /d/y',
      'GET /dy',
      'GET /e/x?y=1',
      'GET /f/x%2Fy?z',
      'GET /g/x?y',
      'GET /h/a/b?c=1',
      'PUT /i/a?b',
      'GET /b/%3Fx%23%25',
      'GET /b/%C3%A4',
    ],
  },
  {
    name: 'slashes that are not merged',
    isAlone: true,
    server: `merge_slashes off; location / { proxy_pass http://127.0.0.1:A/; } location /v2// { proxy_pass http://127.0.0.1:B; }`,
    requests: ['GET /v2//a', 'GET //v2/', 'GET /a/./b//../c'],
  },
  {
    name: 'headers, inherited all or none',
    server: `
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host:$server_port;
      location / { proxy_pass http://127.0.0.1:A; }
      location /own/ { proxy_pass http://127.0.0.1:A; proxy_set_header X-Mine "a b"; proxy_set_header Authorization ""; }
      location /host/ { proxy_pass http://127.0.0.1:A; proxy_set_header Host $host; proxy_method POST; }`,
    requests: ['GET / | Authorization: Basic eDp5', 'GET /own/ | Authorization: Basic eDp5', 'GET /host/'],
  },
  {
    name: 'captures that an if overwrites',
    server: `
      location ~ ^/(a|b)/(.*)$ { if ($request_method ~ (P)(U)T) { set $x $1; } proxy_pass http://127.0.0.1:A/$1/$2; }
      location ~ ^/(?<kind>c|d)/ { if ($request_method ~ GET) { set $y "[$1]"; } proxy_pass http://127.0.0.1:A/$kind; proxy_set_header X-Y $y; }`,
    requests: ['GET /a/x', 'PUT /a/x', 'GET /c/x', 'PUT /d/x'],
  },
  {
    name: 'conditions of every kind',
    server: `
      set $empty ""; set $zero 0; set $code "";
      if ($empty) { set $code "\${code}1"; }
      if ($zero) { set $code "\${code}2"; }
      if ($http_user_agent ~* ^docker/) { set $code "\${code}3"; }
      if ($request_uri !~ "^/v2/?") { set $code "\${code}4"; }
      if (-f $request_filename) { set $code "\${code}5"; }
      if (!-e /nonexistent/file) { set $code "\${code}6"; }
      if ($empty = "") { set $code "\${code}7"; }
      if ( $arg_n != '' ) { set $code "\${code}8"; }
      if ($host = conditions-of-every-kind) { set $code "\${code}9"; }
      if ($never_set_here) { set $code x; }
      location / { proxy_pass http://127.0.0.1:A; proxy_set_header X-Code $code; set $never_set_here 1; }`,
    requests: ['GET /v2/ | User-Agent: Docker/20.10', 'GET /x?n=1', 'GET /v2?n='],
  },
  {
    name: 'returns of every kind',
    server: `
      location /a { return 301 https://$host$request_uri; }
      location /b { return https://example.org/; }
      location /c { return 200 "text; {}"; }
      location /d { return 444; }
      location /e { deny 10.0.0.0/8; allow all; proxy_pass http://127.0.0.1:A; }
      location /f { allow 10.0.0.0/8; satisfy all; deny all; return 204; }
      location /g { deny all; }
      location /h { deny all; return 204; }
      location /i/ { proxy_pass http://127.0.0.1:A; location /i/j { } }
      location /k { internal; proxy_pass http://127.0.0.1:A; }`,
    requests: [
      'GET /a?x=1',
      'GET /b',
      'GET /c',
      'GET /e',
      'GET /f',
      'GET /g',
      'GET /h',
      'GET /i/j',
      'GET /k',
    ],
  },
];
