import { z } from 'zod';
import { parseCount } from './counts.ts';
import { parseDuration, parsePeriod, parseWait } from './durations.ts';
import { BadValue } from './errors.ts';
import { flag, list, mapping, oneOrMore, parsed, text, wanted, word } from './fields.ts';
import { isMapping } from './mappings.ts';
import { parsePattern, parsePrefix } from './names.ts';
import { parseRoom } from './sizes.ts';
import { didYouMean } from './suggest.ts';
import { findRepeated, listOfAddresses, parseServerUrl, parseUpstream } from './urls.ts';

const duration = parsed('a duration such as 10m', parseDuration);
const wait = parsed('a duration such as 10s', parseWait);
const patterns = list(parsed('a pattern of image names', parsePattern));

const keys = {
  hosted: {
    type: z.literal('hosted'),
    online: flag.default(true),
    blobStore: text.default('default'),
    deployment: word('allow', 'once', 'latest-only', 'read-only').default('allow'),
    private: patterns.default([]),
  },
  proxy: {
    type: z.literal('proxy'),
    blobStore: text.default('default'),
    upstream: oneOrMore(parsed('the URL of a registry', parseUpstream)).superRefine(refuseRepeated),
    prefix: parsed('the first part of an image name', parsePrefix).optional(),
    library: parsed('auto, true or false', parseLibrary).default('auto'),
    index: parsed('the URL of a server', parseServerUrl).optional(),
    routes: patterns.optional(),
    username: text.optional(),
    password: text.optional(),
    ca: text.optional(),
    clientCert: text.optional(),
    clientKey: text.optional(),
    connectTimeout: wait.default(10_000),
    headersTimeout: wait.default(20_000),
    bodyTimeout: wait.default(60_000),
    maxConnections: parsed('a whole number such as 32', parseCount).default(32),
    tagMaxAge: duration.default(600_000),
    staleWhileRevalidate: duration.default(0),
    notFoundMaxAge: duration.default(60_000),
    tags: word('cached', 'upstream').default('cached'),
    autoBlock: flag.default(true),
    offline: flag.default(false),
    maxSize: parsed('a size such as 100GiB', parseRoom).optional(),
    maxUnused: parsed('a duration such as 30d', parsePeriod).optional(),
  },
  group: {
    type: z.literal('group'),
    members: list(text).min(1, 'is empty; a group needs at least one member'),
    writable: text.optional(),
  },
};

/** The kinds of repository. */
export const repositoryTypes = ['hosted', 'proxy', 'group'] as const;

/** One entry of `repositories`, before the defaults that depend on another key. */
export const repositorySchema = z.discriminatedUnion(
  'type',
  [mapping(keys.hosted, owner), mapping(keys.proxy, owner), mapping(keys.group, owner)],
  {
    error: ({ input }) => (isMapping(input) ? wrongType(input.type) : wanted('a mapping, key: value', input)),
  },
);

/** Says to which kind of repository a key belongs that is unknown in this one; an address may come from a list without brackets. */
function owner(key: string): string {
  if (key.includes('://')) return `; several addresses are ${listOfAddresses}`;
  const types = repositoryTypes.filter((type) => key in keys[type]);
  return types.length === 0 ? '' : `; it belongs to type: ${types.join(' or ')}`;
}

function wrongType(type: unknown): string {
  const hint = typeof type === 'string' ? didYouMean(type, repositoryTypes) : '';
  return wanted(`one of ${repositoryTypes.join(', ')}`, type) + hint;
}

function refuseRepeated(urls: readonly URL[], context: z.RefinementCtx): void {
  for (const { index, first } of findRepeated(urls)) {
    const message = `is the same server as upstream[${first}]; keep one`;
    context.addIssue({ code: 'custom', path: [index], message });
  }
}

function parseLibrary(value: string): boolean | 'auto' {
  if (value === 'auto') return value;
  if (value !== 'true' && value !== 'false') throw new BadValue('must be auto, true or false');
  return value === 'true';
}
