import { z } from 'zod';
import { parseDuration } from './durations.ts';
import { BadValue } from './errors.ts';
import { flag, list, mapping, parsed, text, wanted, word } from './fields.ts';
import { isMapping } from './mappings.ts';
import { parsePattern, parsePrefix } from './names.ts';
import { didYouMean } from './suggest.ts';
import { parseServerUrl, parseUpstream } from './urls.ts';

const duration = parsed('a duration such as 10m', parseDuration);
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
    upstream: parsed('the URL of a registry', parseUpstream),
    prefix: parsed('the first part of an image name', parsePrefix).optional(),
    library: parsed('auto, true or false', parseLibrary).default('auto'),
    index: parsed('the URL of a server', parseServerUrl).optional(),
    routes: patterns.optional(),
    username: text.optional(),
    password: text.optional(),
    ca: text.optional(),
    tagMaxAge: duration.default(600_000),
    notFoundMaxAge: duration.default(60_000),
    offline: flag.default(false),
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

/** Says to which kind of repository a key belongs that is unknown in this one. */
function owner(key: string): string {
  const types = repositoryTypes.filter((type) => key in keys[type]);
  return types.length === 0 ? '' : `; it belongs to type: ${types.join(' or ')}`;
}

function wrongType(type: unknown): string {
  const hint = typeof type === 'string' ? didYouMean(type, repositoryTypes) : '';
  return wanted(`one of ${repositoryTypes.join(', ')}`, type) + hint;
}

function parseLibrary(value: string): boolean | 'auto' {
  if (value === 'auto') return value;
  if (value !== 'true' && value !== 'false') throw new BadValue('must be auto, true or false');
  return value === 'true';
}
