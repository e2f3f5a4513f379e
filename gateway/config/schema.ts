import { z } from 'zod';
import { parseAcmeDirectory, parseEmail, parseHmacKey } from './acme.ts';
import { parseAddress, parseRange } from './addresses.ts';
import { parseDuration, parseInterval } from './durations.ts';
import { flag, list, mapping, named, oneOrMore, parsed, text, word } from './fields.ts';
import { checkImage } from './images.ts';
import { parsePattern } from './names.ts';
import { parseInternalPath } from './internal-path.ts';
import { parsePlatform } from './platforms.ts';
import { parsePortOrOff } from './ports.ts';
import { repositorySchema } from './repository-schema.ts';
import { parseSize } from './sizes.ts';
import { parseTarget, refuseMixed } from './targets.ts';
import { parseOutboundProxy, parseServerUrl } from './urls.ts';

const target = parsed('a repository or a URL', parseTarget);
const pattern = parsed('a pattern of image names', parsePattern);

/** A port of `listen`; a key without a value switches it off, as false does. */
export const listenPort = z.preprocess(
  (value) => (value === null ? false : value),
  parsed('a port, or false', parsePortOrOff),
);

const host = mapping({
  read: oneOrMore(target).superRefine(refuseMixed).optional(),
  write: parsed(
    'a repository or one URL; what was sent to one address cannot be sent to another instead',
    parseTarget,
  ).optional(),
  forward: parsed('the URL of a server', parseServerUrl).optional(),
  login: word('backend', 'gateway').optional(),
  username: text.optional(),
  password: text.optional(),
  ca: text.optional(),
  clientCert: text.optional(),
  clientKey: text.optional(),
  web: flag.default(false),
  tls: mapping({ cert: text, key: text }).optional(),
});

const connector = mapping({
  repository: text,
  tls: flag.default(false),
  address: parsed('an IP address', parseAddress).optional(),
  proxyProtocol: flag.default(false),
});

const blobStore = mapping({
  type: word('filesystem').default('filesystem'),
  path: text.optional(),
  quota: parsed('a size such as 500GiB', parseSize).optional(),
});

const grant = mapping({
  names: list(pattern),
  actions: list(word('pull', 'push', 'delete')),
});

const prefetch = mapping({
  images: list(parsed('an image such as nginx:1.27, without spaces', checkImage)).min(
    1,
    'is empty; name an image, or take prefetch out',
  ),
  platforms: oneOrMore(parsed('a platform such as linux/amd64', parsePlatform))
    .transform((platforms) => (platforms.includes('all') ? 'all' : platforms))
    .default(['linux/amd64']),
  interval: parsed('a duration such as 1d', parseInterval).default(86_400_000),
});

const outbound = mapping({
  httpProxy: parsed('the URL of a proxy', parseOutboundProxy).optional(),
  httpsProxy: parsed('the URL of a proxy', parseOutboundProxy).optional(),
  noProxy: parsed('hosts with commas between them, such as "localhost,.example.org"', String).optional(),
});

const acme = mapping({
  directory: parsed('the URL of a directory', parseAcmeDirectory).prefault(
    'https://acme-v02.api.letsencrypt.org/directory',
  ),
  email: parsed('an email address', parseEmail).optional(),
  agreeToTerms: flag.default(false),
  ca: text.optional(),
  externalAccount: mapping({ kid: text, hmacKey: parsed('base64url', parseHmacKey) }).optional(),
});

/** Every key of the file, each value by itself; what several keys say together is in checks/. */
export const schema = mapping({
  data: text.default('./data'),
  hosts: named(host),
  listen: mapping({
    https: listenPort.default(443),
    http: listenPort.default(80),
    proxyProtocol: flag.default(false),
  }).prefault({}),
  connectors: named(connector).default({}),
  blobStores: named(blobStore).default({}),
  tls: mapping({
    profile: word('ca', 'self-signed', 'files', 'acme').default('ca'),
    cert: text.optional(),
    key: text.optional(),
    caCert: text.optional(),
    caKey: text.optional(),
    constrainNames: flag.default(false),
    overlap: parsed('a duration such as 30d', parseDuration).default(30 * 86_400_000),
    acme: acme.optional(),
  }).prefault({}),
  repositories: named(repositorySchema),
  auth: mapping({
    anonymous: word('none', 'pull').default('none'),
    htpasswd: text.optional(),
    roles: named(list(grant)).default({}),
    assign: named(list(text)).default({}),
  }).prefault({}),
  trustedProxies: list(parsed('an address range', parseRange)).default([]),
  accelRedirect: parsed('a path such as /dockgate-blobs/', parseInternalPath).optional(),
  compatibility: mapping({ schema1: flag.default(false) }).prefault({}),
  prefetch: prefetch.optional(),
  outbound: outbound.prefault({}),
  log: mapping({
    level: word('error', 'warn', 'info', 'debug').default('info'),
    format: word('json', 'text').default('json'),
  }).prefault({}),
});

/** The file once every value is read, before paths are made absolute and keys are brought together. */
export type Settings = z.output<typeof schema>;
