/** What Dockgate cannot do and what to do instead, and the directives of which that is true, as expressions. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /^(stream|mail)$/,
    'Dockgate speaks HTTP and ends TLS itself: give the host to Dockgate, or keep this in front and name it in trustedProxies with listen.proxyProtocol',
  ],
  [/^limit_(req|conn|rate)/, 'Dockgate limits no rates: keep nginx in front of it, or use the firewall'],
  [
    /^(allow|deny|satisfy)$/,
    'Dockgate lets every address in: use the firewall, or keep nginx in front of it',
  ],
  [
    /^(geo|geoip\w*|split_clients|userid\w*)$/,
    'Dockgate does not decide by who the client is: use the firewall',
  ],
  [
    /^auth_(request|jwt|delay)/,
    'Dockgate asks no other service who may come in: use its own users and roles with login: gateway',
  ],
  [
    /^ssl_(verify_client|client_certificate|verify_depth|crl|ocsp\w*)$/,
    'Dockgate asks clients for no certificate: let them log in',
  ],
  [/^ssl_password_file$/, 'the key must be without a passphrase: openssl pkey -in FILE -out NEWFILE'],
  [/^ssl_reject_handshake$/, 'Dockgate answers every name: those that are not configured get the first host'],
  [/_by_lua|^lua_|^(js|perl)_|^perl$/, 'Dockgate runs no scripts: keep nginx in front of it for this'],
  [/^more_(set|clear)_|^headers_more/, 'Dockgate changes no headers of answers: let the server behind do it'],
  [/^add_trailer$/, 'Dockgate adds no headers to answers: let the server behind send it'],
  [
    /^(root|alias|index|autoindex\w*|try_files|random_index|dav_\w+|internal|mp4|flv|stub_status|empty_gif)$/,
    'Dockgate serves no files: let a web server do it under another name',
  ],
  [
    /^(fastcgi|uwsgi|scgi|grpc|memcached)_/,
    'Dockgate passes on HTTP only: give it the address of an HTTP server',
  ],
  [
    /^(ip_hash|least_conn|hash|random|least_time|sticky\w*)$/,
    'Dockgate asks the servers in their order, the next when one fails: to spread requests, keep a balancer in front of them',
  ],
  [
    /^proxy_(method|set_body|bind|intercept_errors)$/,
    'requests are passed on as they are: let the server behind do it',
  ],
  [
    /^(sub_filter\w*|addition_types|add_(before|after)_body|ssi\w*|mirror\w*)$/,
    'Dockgate changes and copies nothing on the way: keep nginx in front of it for this',
  ],
  [/^(health_check|match)$/, 'Dockgate looks at how the servers behind answer by itself'],
];

/** What to do instead of a directive; undefined when nothing is known of it. */
export function adviceOn(name: string): string | undefined {
  return advice.find(([names]) => names.test(name))?.[1];
}
