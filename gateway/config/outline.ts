import { z } from 'zod';
import { repositoryTypes } from './repository-schema.ts';
import { listenPort } from './schema.ts';

/** A value that is left out when it is missing or cannot be read. */
function lenient<Value extends z.ZodType>(value: Value) {
  return value.optional().catch(undefined);
}

/** Entries of which every name is kept; what is not a mapping is undefined. */
function entries<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .record(z.string(), lenient(z.object(shape)))
    .optional()
    .prefault({})
    .catch(undefined);
}

const texts = lenient(z.array(lenient(z.string())));
const any = z.unknown().optional();

const outlineSchema = z.object({
  hosts: entries({
    read: any,
    write: any,
    forward: any,
    web: any,
    login: any,
    username: any,
    password: any,
    ca: any,
    clientCert: any,
    clientKey: any,
    tls: any,
  }),
  listen: z
    .object({
      https: listenPort.default(443).catch(0),
      http: listenPort.default(80).catch(0),
      proxyProtocol: any,
    })
    .prefault({})
    .catch({ https: 0, http: 0 }),
  connectors: entries({ repository: any, proxyProtocol: any }),
  blobStores: entries({ path: any }),
  tls: z
    .object({
      profile: any,
      cert: any,
      key: any,
      caCert: any,
      caKey: any,
      constrainNames: any,
      overlap: any,
      acme: any,
    })
    .prefault({})
    .catch({}),
  repositories: entries({
    type: lenient(z.enum(repositoryTypes)),
    members: texts,
    writable: any,
    blobStore: any,
    upstream: any,
    prefix: any,
    username: any,
    password: any,
    clientCert: any,
    clientKey: any,
  }),
  prefetch: any,
  trustedProxies: any,
  accelRedirect: any,
  auth: z
    .object({ roles: entries({}), assign: lenient(z.record(z.string(), texts)) })
    .prefault({})
    .catch({ roles: undefined }),
});

/**
 * As much of a configuration as can be seen through its mistakes: which names there are and which keys name them.
 * Undefined where nothing can be seen, which is not the same as nothing being there.
 */
export type Outline = z.output<typeof outlineSchema>;

/** The entries of `repositories`. */
export type RepositoryOutlines = NonNullable<Outline['repositories']>;

/** What may be in the part of a broken text that could not be read. */
const unseen = {
  hosts: null,
  connectors: null,
  blobStores: null,
  repositories: null,

  auth: null,
};

/** Always succeeds: what has mistakes is left out, and in a text that is not intact so is what seems to be missing. */
export function outlineOf(file: Readonly<Record<string, unknown>>, intact: boolean): Outline {
  return outlineSchema.parse(intact ? file : { ...unseen, ...file });
}
