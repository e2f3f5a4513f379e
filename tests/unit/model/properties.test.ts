import { describe, expect, test } from 'vitest';
import {
  errorTable,
  isDigest,
  isName,
  isTag,
  parseContentRange,
  parseManifest,
  parseOperation,
  parseRange,
  RegistryError,
} from '../../../registry/model/index.ts';
import { brokenManifest } from '../../support/malformed/bodies.ts';
import { digestOrNot, nameOf, oddPieces, queryOf, referenceOf } from '../../support/malformed/words.ts';
import { seeded, type Random } from '../../support/random.ts';

const ROUNDS = 20_000;
const known = [`sha256:${'a'.repeat(64)}`];
/** What names, tags and digests are made of, and what they are not. */
const near = 'ab09._-/:+AZ~ %\u0000\n\u00e9';

/** Runs `work` with random choices that are the same every time; its message names the round that failed. */
function always(seed: number, work: (random: Random) => void): void {
  const random = seeded(seed);
  for (let round = 0; round < ROUNDS; round += 1) work(random);
}

/** What `work` gives, or the refusal that it throws; anything else that it throws fails the test. */
function refusedOr<T>(work: () => T, input: unknown): T | RegistryError {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw new Error(JSON.stringify(input), { cause: thrown });
    expect(errorTable[thrown.kind].status, JSON.stringify(input)).toBeLessThan(500);
    return thrown;
  }
}

/** A state machine for names, written from the grammar of the specification without its expression. */
function isNameByHand(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  return text.split('/').every((component) => {
    let separator = '';
    let isFirst = true;
    for (const character of component) {
      const isWord = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
      if (!isWord) separator += character;
      else {
        if (separator !== '' && (isFirst || !isSeparator(separator))) return false;
        separator = '';
        isFirst = false;
      }
    }
    return !isFirst && separator === '';
  });
}

function isSeparator(text: string): boolean {
  return text === '.' || text === '_' || text === '__' || /^-+$/.test(text);
}

function nearly(random: Random): string {
  return random.percent(30) ? random.text('a0._-/', 1, 12) : random.text(near, 0, 20);
}

describe('names, tags and digests', () => {
  test('a name is what the grammar says, no more and no less', () => {
    let names = 0;
    always(1, (random) => {
      const text = random.percent(80) ? nearly(random) : nameOf(random);
      expect(isName(text), JSON.stringify(text)).toBe(isNameByHand(text));
      if (isName(text)) names += 1;
    });
    expect(names).toBeGreaterThan(ROUNDS / 20);
  });

  test('none of them can lead out of a folder', () => {
    always(2, (random) => {
      const text = random.percent(50) ? nearly(random) : random.pick(oddPieces);
      if (isName(text)) expect(text).not.toMatch(/(?:^|\/)\.{0,2}(?:\/|$)/);
      if (isTag(text)) expect(text).toMatch(/^(?!\.)[\w.-]{1,128}$/);
      const digest = digestOrNot(random, known);
      if (isDigest(digest)) expect(digest.slice(7)).toMatch(/^(?:[\da-f]{64}|[\da-f]{128})$/);
    });
  });
});

describe('operations', () => {
  const methods = [
    'GET',
    'HEAD',
    'PUT',
    'POST',
    'PATCH',
    'DELETE',
    'OPTIONS',
    '',
    'constructor',
    '__proto__',
  ];

  function urlOf(random: Random): string {
    const path = random.pick([
      () => `/v2/${nameOf(random)}/manifests/${referenceOf(random, known)}`,
      () => `/v2/${nameOf(random)}/blobs/${digestOrNot(random, known)}`,
      () => `/v2/${nameOf(random)}/blobs/uploads/${random.pick(oddPieces)}`,
      () => `/v2/${nameOf(random)}/referrers/${digestOrNot(random, known)}`,
      () => `/v2/${nameOf(random)}/tags/list`,
      () => `/v2/${random.text(near, 0, 30)}`,
      () => random.pick(oddPieces),
    ])();
    return path + queryOf(random, known);
  }

  test('every method and URL is an operation or refused, never a fault', () => {
    let operations = 0;
    always(3, (random) => {
      const [method, url] = [random.pick(methods), urlOf(random)];
      const operation = refusedOr(() => parseOperation(method, url), [method, url]);
      if (operation instanceof RegistryError) return;
      operations += 1;
      if ('name' in operation) expect(isNameByHand(operation.name), url).toBe(true);
      if ('digest' in operation && operation.digest !== undefined)
        expect(isDigest(operation.digest), url).toBe(true);
      if ('reference' in operation && 'tag' in operation.reference)
        expect(isTag(operation.reference.tag), url).toBe(true);
      if ('page' in operation && operation.page.size !== undefined)
        expect(Number.isSafeInteger(operation.page.size) && operation.page.size >= 0, url).toBe(true);
    });
    expect(operations).toBeGreaterThan(ROUNDS / 20);
  });

  test('HEAD asks for what GET asks for', () => {
    always(4, (random) => {
      const url = urlOf(random);
      const [get, head] = ['GET', 'HEAD'].map((method) => refusedOr(() => parseOperation(method, url), url));
      if (get instanceof RegistryError || head instanceof RegistryError) {
        const kinds = [get, head].map((each) => (each instanceof RegistryError ? each.kind : each?.kind));
        // The token service alone has no HEAD.
        if (kinds[0] !== 'token') expect(kinds[0], url).toBe(kinds[1]);
      } else expect({ ...head, head: true }).toEqual({ ...get, head: true });
    });
  });
});

describe('ranges', () => {
  const numbers = [
    '',
    '0',
    '1',
    '9',
    '10',
    '99',
    '100',
    '101',
    '-1',
    '1e2',
    '0x1',
    '٣',
    '9'.repeat(15),
    '9'.repeat(30),
  ];

  test('a Range lies within the content, or is passed over, or refused', () => {
    let ranges = 0;
    always(5, (random) => {
      const size = random.pick([0, 1, 10, 100, 2 ** 40]);
      const header = random.percent(80)
        ? `bytes=${random.pick(numbers)}-${random.pick(numbers)}`
        : random.text('bytes=-,0 19', 0, 14);
      const range = refusedOr(() => parseRange(header, size), [header, size]);
      if (range === undefined || range instanceof RegistryError) return;
      ranges += 1;
      expect(0 <= range.first && range.first <= range.last && range.last < size, header).toBe(true);
    });
    expect(ranges).toBeGreaterThan(ROUNDS / 20);
  });

  test('what two plain numbers ask for is what slice gives', () => {
    always(6, (random) => {
      const [first, last, size] = [random.below(30), random.below(30), 1 + random.below(30)];
      const content = Array.from({ length: size }, (_, at) => at);
      const wanted = content.slice(first, last + 1);
      const range = refusedOr(() => parseRange(`bytes=${first}-${last}`, size), [first, last, size]);
      if (range instanceof RegistryError) expect(wanted).toEqual([]);
      else expect(content.slice(range?.first, (range?.last ?? -1) + 1)).toEqual(wanted);
    });
  });

  test('a Content-Range is two numbers in order, or refused', () => {
    always(7, (random) => {
      const [first, last] = [random.pick(numbers), random.pick(numbers)];
      const header = random.pick([
        `${first}-${last}`,
        `bytes ${first}-${last}/*`,
        random.text('bytes 0-9/*', 0, 12),
      ]);
      const range = refusedOr(() => parseContentRange(header), header);
      if (range instanceof RegistryError) expect(range.kind).toBe('blobUploadInvalid');
      else if (range === undefined) expect.fail(`${header} was passed over`);
      else {
        expect(header).toMatch(new RegExp(`\\b0*${range.first}-0*${range.last}\\b`));
        expect(Number.isSafeInteger(range.first) && range.first <= range.last, header).toBe(true);
      }
    });
  });
});

test('bytes are a manifest with valid digests and sizes, or refused as MANIFEST_INVALID', () => {
  let manifests = 0;
  always(8, (random) => {
    const bytes = brokenManifest(random);
    const type = random.pick([
      '',
      'application/vnd.oci.image.manifest.v1+json',
      'application/json',
      'x',
      ';',
    ]);
    const manifest = refusedOr(() => parseManifest(bytes, type), bytes.toString('latin1', 0, 300));
    if (manifest instanceof RegistryError) {
      expect(manifest.kind).toBe('manifestInvalid');
      return;
    }
    manifests += 1;
    for (const { digest, size } of [...manifest.blobs, ...manifest.manifests])
      expect(isDigest(digest) && Number.isSafeInteger(size) && size >= 0).toBe(true);
    expect(Object.values(manifest.annotations).every((value) => typeof value === 'string')).toBe(true);
  });
  expect(manifests).toBeGreaterThan(100);
});
