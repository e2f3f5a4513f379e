import { expect, test } from 'vitest';
import { refused, load, report } from './load.ts';

const repositories = `repositories:
  hosted: { type: hosted }
  hub: { type: proxy, upstream: https://docker.io }
  group: { type: group, members: [hosted, hub], writable: hosted }
`;

test('five different mistakes are five problems with their lines', async () => {
  const text = `data: ./data
hosts:
  x.io: { read: gruop, write: hosted }
listen: { https: 443, http: 443 }
repositories:
  hosted: { type: hosted }
  quay:
    type: proxy
    upstrem: https://quay.io
    tagMaxAge: 10
  group: { type: group, members: [hosted, quay], writable: quay }
`;
  const { problems, message } = await refused(load(text));
  expect(message.split('\n')).toEqual([
    'dockgate.yaml:3: hosts.x.io.read: there is no repository "gruop"; did you mean "group"?',
    'dockgate.yaml:4: listen.http: port 443 is also used by listen.https; choose another',
    'dockgate.yaml:9: repositories.quay.upstrem: unknown key; did you mean "upstream"?',
    'dockgate.yaml:10: repositories.quay.tagMaxAge: needs a unit: write 10s for seconds, 10m for minutes or 10d for days',
    'dockgate.yaml:11: repositories.group.writable: "quay" is a proxy; only a hosted repository takes what is pushed',
  ]);
  expect(problems[2]).toEqual({
    file: 'dockgate.yaml',
    line: 9,
    column: 14,
    path: 'repositories.quay.upstrem',
    message: 'unknown key; did you mean "upstream"?',
  });
});

/** The text, and `line: path: beginning of the message` of everything that is wrong with it. */
const mistakes: Record<string, [string, string[]]> = {
  'an unknown section': ['hots: {}', ['1: hots: unknown key; did you mean "hosts"?']],
  'a key of another type': [
    `${repositories}  x: { type: hosted, upstream: https://x.io }`,
    ['5: repositories.x.upstream: unknown key; it belongs to type: proxy'],
  ],
  'values of the wrong kind': [
    'data: 5\nlisten: 443\ntrustedProxies: 10.0.0.0/8\nauth: { anonymous: yes }\nlog: { level: }\nconnectors: [1]',
    [
      '1: data: must be text; put it in quotes',
      '2: listen: must be a mapping',
      '3: trustedProxies: must be a list',
      '4: auth.anonymous: must be one of none, pull',
      '5: log.level: has no value',
      '6: connectors: must be a mapping',
    ],
  ],
  'bad values': [
    `hosts: { "x.io:443": { web: true }, y.io: { forward: y } }
listen: { https: 65536, http: off }
connectors: { a: { repository: hosted }, 1: { repository: hub, address: eth0, tls: 1 } }
blobStores: { default: { quota: 10G } }
trustedProxies: [10.0.0.0/33]
${repositories}  a: { type: proxy, upstream: x.io, routes: [A], tagMaxAge: 1 hour, prefix: a/b, library: maybe, index: i }
  "b c": { type: hosted, deployment: redeploy, private: [] }`,
    [
      '1: hosts.x.io:443: has a port',
      '1: hosts.y.io.forward: is not the URL',
      '2: listen.https: is not a port',
      '2: listen.http: is not a port; write a number from 1 to 65535, or false',
      '3: connectors.a: is not a port',
      '3: connectors.1.address: is not an IP address',
      '3: connectors.1.tls: must be true or false',
      '4: blobStores.default.quota: may mean two sizes',
      '5: trustedProxies[0]: is not an address range',
      '10: repositories.a.upstream: is not the URL',
      '10: repositories.a.routes[0]: is not a pattern',
      '10: repositories.a.tagMaxAge: is not a duration',
      '10: repositories.a.prefix: is not the first part',
      '10: repositories.a.library: must be auto, true or false',
      '10: repositories.a.index: is not the URL',
      '11: repositories.b c: is not a name',
      '11: repositories.b c.deployment: must be one of allow, once, latest-only, read-only',
    ],
  ],
  'references to nothing': [
    `hosts: { x.io: { read: grup, write: nothing } }
connectors: { 1: { repository: hostd } }
${repositories}  other: { type: group, members: [hosted, nothing], writable: nothing }
  stored: { type: hosted, blobStore: big }
auth: { assign: { alice: [admin, developer] } }`,
    [
      '1: hosts.x.io.read: there is no repository "grup"; did you mean "group"?',
      '1: hosts.x.io.write: there is no repository "nothing"; choose from hosted, hub',
      '2: connectors.1.repository: there is no repository "hostd"; did you mean "hosted"?',
      '7: repositories.other.members[1]: there is no repository "nothing"',
      '7: repositories.other.writable: there is no repository "nothing"',
      '8: repositories.stored.blobStore: there is no blob store "big"; choose from default',
      '9: auth.assign.alice[1]: there is no role "developer"',
    ],
  ],
  'a blob store that is not served yet': [
    `blobStores: { big: { path: ./big } }
${repositories}  stored: { type: hosted, blobStore: big }`,
    ['6: repositories.stored.blobStore: this version keeps all blobs in the store "default"'],
  ],
  'a cycle of groups': [
    `hosts: {}
repositories:
  a: { type: group, members: [b] }
  b: { type: group, members: [c] }
  c: { type: group, members: [a, d] }
  d: { type: group, members: [d] }`,
    [
      '3: repositories.a.members: the group contains itself: a → b → c → a',
      '6: repositories.d.members: the group contains itself: d → d',
    ],
  ],
  'groups that cannot be': [
    `hosts: {}
repositories:
  hosted: { type: hosted }
  other: { type: hosted }
  a: { type: group, members: [] }
  b: { type: group, members: [hosted, hosted] }
  c: { type: group, members: [hosted], writable: other }
  d: { type: group, members: [c], writable: c }
  e: { type: group }`,
    [
      '5: repositories.a.members: is empty',
      '6: repositories.b.members[1]: "hosted" is a member already',
      '7: repositories.c.writable: "other" is not a member',
      '8: repositories.d.writable: "c" is a group',
      '9: repositories.e.members: is missing',
    ],
  ],
  'writes to what takes none': [
    `hosts:
  a.io: { read: group, write: hub }
  b.io: { read: group, write: reads }
  c.io: { write: hosted }
${repositories}  reads: { type: group, members: [hub] }`,
    [
      '2: hosts.a.io.write: "hub" is a proxy, which takes no writes; name a hosted repository: hosted',
      '3: hosts.b.io.write: "reads" is a group without a writable member',
      '4: hosts.c.io: has write without read',
    ],
  ],
  'hosts that go nowhere or everywhere': [
    `hosts:
  a.io: {}
  b.io:
  c.io: { forward: http://c, web: true }
  d.io: { read: 10.0.0.5:8082, write: http://u:p@10.0.0.5 }
  D.io: { web: true }
  e.io: { web: false }`,
    [
      '2: hosts.a.io: says nothing',
      '3: hosts.b.io: has no value',
      '4: hosts.c.io: forward passes everything on',
      '5: hosts.d.io.read: is not the URL',
      '5: hosts.d.io.write: has credentials in it',
      '6: hosts.D.io: is the same as "d.io"',
      '7: hosts.e.io: says nothing',
    ],
  ],
  'backends that are spoken to in two ways at once': [
    `hosts:
  a.io: { read: http://a, write: http://b, username: u }
  b.io: { read: http://a, write: docker-hosted, login: backend }
  c.io: { read: http://a, login: gateway, password: p, clientCert: c.pem }
  d.io: { forward: http://a, login: gateway }
  e.io: { read: docker-hosted, ca: x.pem }
  f.io: { read: [http://a, docker-hosted, http://a], write: [http://a, http://b] }
  g.io: { read: [http://a, http://b, http://a/], login: backends }
repositories: { docker-hosted: { type: hosted } }`,
    [
      '2: hosts.a.io.password: is missing; a username needs one',
      '2: hosts.a.io.username: is only used with login: gateway',
      '3: hosts.b.io.login: must be gateway where one side is a repository of Dockgate',
      '4: hosts.c.io.username: is missing; a password needs one',
      '4: hosts.c.io.clientKey: is missing; clientCert needs',
      '5: hosts.d.io.login: goes with read and write',
      '6: hosts.e.io.ca: is for addresses of other registries',
      '7: hosts.f.io.read[1]: "docker-hosted" is a repository; only addresses',
      '7: hosts.f.io.write: must be a repository or one URL',
      '8: hosts.g.io.read[2]: is the same server as read[0]',
      '8: hosts.g.io.login: must be one of backend, gateway; did you mean "backend"?',
    ],
  ],
  'ports twice': [
    `${repositories}listen: { https: 8443, http: 8001 }
connectors:
  8001: { repository: hub }
  8443: { repository: hub }
  80: { repository: hub }`,
    [
      '7: connectors.8001: port 8001 is also used by listen.http',
      '8: connectors.8443: port 8443 is also used by listen.https',
    ],
  ],
  'a connector on a default port': [
    `connectors:\n  80: { repository: quay }`,
    ['2: connectors.80: port 80 is also used by listen.http'],
  ],
  'HTTPS switched off, and nobody who speaks it either': [
    'listen: { https: false, http: false }\ntrustedProxies: [10.0.0.1]',
    ['1: listen.https: is off, but hosts are served there'],
  ],
  'blobs for a proxy to send': [
    'trustedProxies: []\naccelRedirect: /dockgate-blobs/',
    ['2: accelRedirect: is for proxies that send blobs themselves, and none is trusted'],
  ],
  'where a proxy is to find the blobs': [
    'trustedProxies: [10.0.0.1]\naccelRedirect: /v2/blobs/',
    ['2: accelRedirect: is a path of the registry'],
  ],
  'a location that is none': [
    'trustedProxies: [10.0.0.1]\naccelRedirect: blobs/../x',
    ['2: accelRedirect: is not a path between slashes'],
  ],
  'a PROXY header that nobody may send': [
    `listen: { proxyProtocol: true }\nconnectors:\n  8001: { repository: quay, proxyProtocol: true }`,
    ['1: listen.proxyProtocol: is on, but nobody', '3: connectors.8001.proxyProtocol: is on, but nobody'],
  ],
  'ACME without agreement, plain port and hosts': [
    `${repositories}hosts:
  localhost: { read: hosted }
  "*.a.io": { read: hosted }
  "*.b.io": { read: hosted, tls: { cert: a.pem, key: a.key } }
listen: { http: false }
tls:
  profile: acme
  cert: a.pem
  overlap: 1d
  acme: { directory: "http://ca.a.io/dir", email: "a@b, c@d", externalAccount: { kid: k, hmacKey: "?" } }`,
    [
      '6: hosts.localhost: is a name of this network or machine alone, and no certificate',
      '7: hosts.*.a.io: is a wildcard, which ACME cannot validate over HTTP',
      '9: listen.http: is off, but with tls.profile: acme the hosts are validated over plain HTTP',
      '12: tls.cert: is only used with profile: files',
      '13: tls.overlap: is only used with profile: ca',
      '14: tls.acme.agreeToTerms: must be true',
      '14: tls.acme.directory: is not the https URL of an ACME directory',
      '14: tls.acme.email: is not an email address',
      '14: tls.acme.externalAccount.hmacKey: is not the key of an external account',
    ],
  ],
  'ACME for an address, and not even said for whom': [
    'hosts: { "10.0.0.1": { web: true } }\ntls: { profile: acme }',
    ['1: hosts.10.0.0.1: is an IP address, and no', '2: tls.acme: is missing; with profile: acme write'],
  ],
  'ACME with another profile': [
    'tls:\n  acme: { agreeToTerms: true }',
    ['2: tls.acme: is only used with profile: acme'],
  ],
  'HTTPS switched off': ['listen: { https: false }', ['1: listen.https: is off, but hosts are served there']],
  'certificate files': [
    'tls: { profile: files, cert: a.pem }\n',
    ['1: tls.key: is missing; profile: files needs cert and key'],
  ],
  'certificate files without their profile': [
    'tls:\n  cert: a.pem\n  key: a.key',
    ['2: tls.cert: is only used with profile: files', '3: tls.key: is only used with profile: files'],
  ],
  'a CA in a profile that has none': [
    'tls:\n  profile: self-signed\n  caCert: a.pem\n  overlap: 1d',
    ['3: tls.caCert: is only used with profile: ca', '4: tls.overlap: is only used with profile: ca'],
  ],
  'half of a CA, and limits that it cannot be given': [
    'tls:\n  caKey: a.pem\n  constrainNames: true\n',
    [
      '1: tls.caCert: is missing; caCert and caKey go together',
      '3: tls.constrainNames: is about the CA that',
    ],
  ],
  'half of a certificate of a host': [
    'hosts: { a.io: { web: true, tls: { cert: a.pem } } }\n',
    ['1: hosts.a.io.tls.key: is missing; it must be text'],
  ],
  'half of the credentials': [
    `hosts: {}
repositories:
  a: { type: proxy, upstream: https://a.io, username: a }
  b: { type: proxy, upstream: https://b.io, password: b }
  c: { type: proxy, upstream: https://c.io, username: c, pasword: c }
  d: { type: proxy, upstream: "http://[::1]:5000" }`,
    [
      '3: repositories.a.password: is missing',
      '4: repositories.b.username: is missing',
      '5: repositories.c.pasword: unknown key; did you mean "password"?',
      '6: repositories.d.prefix: is missing',
    ],
  ],
  'addresses of an upstream': [
    `hosts: {}
repositories:
  a: { type: proxy, upstream: [] }
  b: { type: proxy, upstream: [https://b.io, b.io, https://b.io/v2, "https://b.io/"] }
  c: { type: proxy, upstream: [https://c.io, https://registry-1.docker.io, https://docker.io/, "https://C.io/"] }
  d: { type: proxy, upstream: { url: https://d.io } }
  i: { type: proxy, upstream: https://i.io, https://j.io }
  k: { type: proxy, upstream: "https://k.io, https://l.io" }
  e: { type: proxy, upstream: [[https://e.io], null] }
  f: { type: proxy, upstream: }
  g: { type: proxy, upstream: ["http://[::1]:5000", https://g.io] }
  h: { type: proxy }`,
    [
      '3: repositories.a.upstream: is empty; give at least one',
      '4: repositories.b.upstream[1]: is not the URL',
      '4: repositories.b.upstream[2]: ends in the version of the API',
      '5: repositories.c.upstream[2]: is the same server as upstream[1]; keep one',
      '5: repositories.c.upstream[3]: is the same server as upstream[0]; keep one',
      '6: repositories.d.upstream: must be the URL of a registry',
      '7: repositories.i.https://j.io: unknown key; several addresses are a list: upstream: [',
      '8: repositories.k.upstream: has several addresses in one text; write a list',
      '9: repositories.e.upstream[0]: must be the URL of a registry',
      '9: repositories.e.upstream[1]: has no value',
      '10: repositories.f.upstream: has no value',
      '11: repositories.g.prefix: is missing',
      '12: repositories.h.upstream: is missing; it must be the URL of a registry',
    ],
  ],
  'half of a client certificate': [
    `hosts: {}
repositories:
  a: { type: proxy, upstream: https://a.io, clientCert: a.pem }
  b: { type: proxy, upstream: https://b.io, clientKey: b.pem }
  c: { type: proxy, upstream: https://c.io, clientCert: c.pem, clientKeys: c.key }
  d: { type: hosted, clientCert: d.pem }`,
    [
      '3: repositories.a.clientKey: is missing',
      '4: repositories.b.clientCert: is missing',
      '5: repositories.c.clientKeys: unknown key; did you mean "clientKey"?',
      '6: repositories.d.clientCert: unknown key; it belongs to type: proxy',
    ],
  ],
  'limits of a proxy': [
    `hosts: {}
repositories:
  a:
    type: proxy
    upstream: https://a.io
    connectTimeout: 10
    headersTimeout: 0s
    bodyTimeout: 100d
    maxConnections: none
    staleWhileRevalidate: 1 day
    tags: upstreams
    autoBlock: no
    maxSize: 100G
    maxUnused: 0d
  b: { type: proxy, upstream: https://b.io, maxSize: 0B, maxUnused: , maxConnections: 0 }`,
    [
      '6: repositories.a.connectTimeout: needs a unit: write 10s',
      '7: repositories.a.headersTimeout: must be longer than 0',
      '8: repositories.a.bodyTimeout: is too long to wait',
      '9: repositories.a.maxConnections: is not a count',
      '10: repositories.a.staleWhileRevalidate: is not a duration',
      '11: repositories.a.tags: must be one of cached, upstream; did you mean "upstream"?',
      '12: repositories.a.autoBlock: must be true or false',
      '13: repositories.a.maxSize: may mean two sizes',
      '14: repositories.a.maxUnused: must be longer than 0',
      '15: repositories.b.maxSize: leaves no room',
      '15: repositories.b.maxUnused: has no value',
      '15: repositories.b.maxConnections: is not a count',
    ],
  ],
  prefetch: [
    `hosts: { idocker.io: { read: group } }
${repositories}prefetch:
  images: [nginx:1.27, "Nginx:1", idocker.io/nginx:1, "x@sha256:12", redis: 7]
  platforms: [linux/amd64, amd64]
  interval: 1s
  image: x`,
    [
      '7: prefetch.images[1]: has capitals in its name',
      '7: prefetch.images[3]: has no valid digest',
      '7: prefetch.images[4]: must be an image such as nginx:1.27, without spaces',
      '8: prefetch.platforms[1]: is not a platform',
      '9: prefetch.interval: is too short',
      '10: prefetch.image: unknown key; did you mean "images"?',
    ],
  ],
  'a prefetch through no host': [
    'hosts: { a.io: { read: "http://b.io" }, c.io: { web: true } }\nprefetch: { images: [nginx] }',
    ['2: prefetch: goes through a host, and none reads from a repository'],
  ],
  'a prefetch of nothing': [
    'prefetch: { images: [], platforms: [] }',
    ['1: prefetch.images: is empty', '1: prefetch.platforms: is empty'],
  ],
  'a prefetch without images': ['prefetch: { images: nginx }', ['1: prefetch.images: must be a list']],
  'blob stores': [
    'blobStores:\n  a: {}\n  b: { path: x }\n  c: { path: x }\n  d: { type: s4, path: y }',
    [
      '2: blobStores.a.path: is missing',
      '4: blobStores.c.path: is the folder of blob store "b"',
      '5: blobStores.d.type: must be filesystem',
    ],
  ],
  roles: [
    'auth:\n  roles:\n    admin: []\n    dev: [{ names: [X], actions: [psh] }, {}]',
    [
      '3: auth.roles.admin: is built in',
      '4: auth.roles.dev[0].names[0]: is not a pattern',
      '4: auth.roles.dev[0].actions[0]: must be one of pull, push, delete; did you mean "push"?',
      '4: auth.roles.dev[1].names: is missing',
      '4: auth.roles.dev[1].actions: is missing',
    ],
  ],
  'keys given twice': [
    `data: a
data: b
hosts: { x.io: { read: nope }, x.io: { web: true } }
${repositories}repositories:
  more: { type: hosted, onlin: true }`,
    [
      '2: data: is given twice, first on line 1',
      '3: hosts.x.io.read: there is no repository "nope"',
      '3: hosts.x.io: is given twice, first on line 3',
      '8: repositories: is given twice, first on line 4',
      '9: repositories.more.onlin: unknown key; did you mean "online"?',
    ],
  ],
  'variables that are not set': [
    'data: ${HERE}\nlog: { level: "${THERE}${HERE}" }\nlisten: { http: 70000 }',
    ['1: data: HERE is not set', '2: log.level: THERE, HERE are not set', '3: listen.http: is not a port'],
  ],
  'a tab, and what is wrong elsewhere': [
    `listen:\n\thttps: 8443\n${repositories}  x: { type: hosted, onlin: true }\nhosts: { x.io: { read: nope } }`,
    [
      '2: a tab indents this line',
      '7: repositories.x.onlin: unknown key',
      '8: hosts.x.io.read: there is no repository "nope"',
    ],
  ],
  'a brace that is not closed': [
    `listen: { https: 8443\n${repositories}log: { level: loud }`,
    ['2: cannot be read: flow map', '6: log.level: must be one of'],
  ],
  'a quote that is not closed': [
    `log: { level: loud }\nhosts: { x.io: { read: group } }\ndata: "./data\n${repositories}`,
    ['1: log.level: must be one of', '3: a quote begins here'],
  ],
  'two documents': ['data: a\n---\ndata: b', ['2: a second document begins here']],
  'an alias without anchor, and one to itself': [
    'data: *x\nhosts: &a { x.io: *a }',
    ['1: data: *x has no anchor before it', '2: hosts.x.io: *a contains itself'],
  ],
  'a list instead of sections': ['- a', ['1: a configuration is a mapping']],
  'keys that are no names': [
    '__proto__: {}\n? [a]\n: b',
    ['1: __proto__: a key must be a plain name', '2: a key must be'],
  ],
  'repositories that do not tell where requests go': [
    'repositories:\n  a: { type: hosted }\n  b: { type: hosted }',
    ['1: repositories: hosts is missing'],
  ],
};

test.each(Object.entries(mistakes))('%s', async (_name, [text, expected]) => {
  const lines = await report(text);
  const wrong = expected.filter((line, index) => !lines[index]?.startsWith(`dockgate.yaml:${line}`));
  expect([wrong, lines.slice(expected.length)], lines.join('\n')).toEqual([[], []]);
});

test('the value of a variable is never repeated', async () => {
  const text = `hosts: { x.io: { read: "\${SECRET}" }, y.io: { read: "http://u:\${SECRET}@y.io" } }
listen: { https: "\${SECRET}" }
log: { level: "\${SECRET}" }
auth: { assign: { a: ["\${SECRET}"] } }
repositories:
  \${SECRET}: { type: hosted }
  p: { type: proxy, upstream: "https://u:\${SECRET}@x.io", password: "\${SECRET}", tagMaxAge: "\${SECRET}" }
  g: { type: group, members: ["\${SECRET}", "\${SECRET}"], writable: "\${SECRET}" }`;
  const lines = await report(text, { env: { SECRET: 'hunter2' } });
  expect(lines.length).toBeGreaterThan(8);
  expect(lines.join('\n')).not.toContain('hunter2');
  expect(lines[0]).toContain('there is no repository "${SECRET}"');
});

test('what the parser quotes of a broken text is not repeated', async () => {
  const lines = await report('log: { level: info }}\nhunter2\n');
  expect(lines.join('\n')).toContain('dockgate.yaml:2: cannot be read');
  expect(lines.join('\n')).not.toContain('hunter2');
});
