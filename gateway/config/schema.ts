import { z } from 'zod';
import { parseAddress, parseRange } from './addresses.ts';
import { flag, list, mapping, named, parsed, text, word } from './fields.ts';
import { parsePattern } from './names.ts';
import { parsePortOrOff } from './ports.ts';
import { repositorySchema } from './repository-schema.ts';
import { parseSize } from './sizes.ts';
import { parseTarget } from './targets.ts';
import { parseServerUrl } from './urls.ts';

const target = parsed('a repository or a URL', parseTarget);
const pattern = parsed('a pattern of image names', parsePattern);

/** A port of `listen`; a key without a value switches it off, as false does. */
export const listenPort = z.preprocess(
  (value) => (value === null ? false : value),
  parsed('a port, or false', parsePortOrOff),
);

const host = mapping({
  read: target.optional(),
  write: target.optional(),
  forward: parsed('the URL of a server', parseServerUrl).optional(),
  web: flag.default(false),
});

const connector = mapping({
  repository: text,
  tls: flag.default(false),
  address: parsed('an IP address', parseAddress).optional(),
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

/** Every key of the file, each value by itself; what several keys say together is in checks/. */
export const schema = mapping({
  data: text.default('./data'),
  hosts: named(host),
  listen: mapping({ https: listenPort.default(443), http: listenPort.default(80) }).prefault({}),
  connectors: named(connector).default({}),
  blobStores: named(blobStore).default({}),
  tls: mapping({
    profile: word('ca', 'self-signed', 'files').default('ca'),
    cert: text.optional(),
    key: text.optional(),
  }).prefault({}),
  repositories: named(repositorySchema),
  auth: mapping({
    anonymous: word('none', 'pull').default('none'),
    htpasswd: text.optional(),
    roles: named(list(grant)).default({}),
    assign: named(list(text)).default({}),
  }).prefault({}),
  trustedProxies: list(parsed('an address range', parseRange)).default([]),
  compatibility: mapping({ schema1: flag.default(false) }).prefault({}),
  log: mapping({
    level: word('error', 'warn', 'info', 'debug').default('info'),
    format: word('json', 'text').default('json'),
  }).prefault({}),
});

/** The file once every value is read, before paths are made absolute and keys are brought together. */
export type Settings = z.output<typeof schema>;
