import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../registry/upstream/answer.ts';
import { parseChallenges } from '../../../registry/upstream/challenge.ts';
import { nextPage } from '../../../registry/upstream/next-page.ts';
import { parseRetryAfter } from '../../../registry/upstream/refusal.ts';
import { seeded, type Random } from '../../support/random.ts';

const ROUNDS = 20_000;
const marks = 'ab=", \\\t;<>~%/\u0000\u00e9';
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

describe('challenges', () => {
  test('any header is read to its end or passed over', () => {
    const random = seeded(1);
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = random.pick(['', 'Bearer ', 'Basic realm="', 'Bearer realm="x",']);
      const header = start + random.text(marks, 0, 40);
      for (const { scheme, params } of parseChallenges(header)) {
        expect(scheme, header).toMatch(token);
        for (const name of Object.keys(params)) expect(name, header).toMatch(token);
      }
    }
  });

  test('what was written by the rules is read as it was meant', () => {
    const random = seeded(2);
    for (let round = 0; round < 5000; round += 1) {
      const meant = Array.from({ length: 1 + random.below(3) }, () => challengeOf(random));
      const header = meant.map((each) => write(random, each)).join(random.pick([',', ', ', ' , ']));
      expect(parseChallenges(header), header).toEqual(meant);
    }
  });

  test.each(['Bearer ' + 'a="'.repeat(20_000), 'a,'.repeat(50_000), `Bearer realm="${'\\'.repeat(100_000)}`])(
    'a long malformed one is read in the end (%#)',
    (header) => {
      expect(parseChallenges(header).length).toBeGreaterThan(0);
    },
  );
});

interface Meant {
  readonly scheme: string;
  readonly params: Record<string, string>;
}

function challengeOf(random: Random): Meant {
  const names = ['realm', 'service', 'scope', 'error'].slice(0, 1 + random.below(4));
  const params = Object.fromEntries(names.map((name) => [name, random.text('ab,= "\\/:', 0, 12)]));
  return { scheme: random.pick(['bearer', 'basic', 'x-odd']), params };
}

/** RFC 9110 11.2: a value is a token or a quoted string. */
function write(random: Random, { scheme, params }: Meant): string {
  const values = Object.entries(params).map(([name, value]) => {
    const quoted = `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    return `${name}=${token.test(value) && random.percent(50) ? value : quoted}`;
  });
  return `${scheme} ${values.join(random.pick([',', ', ']))}`;
}

describe('Link', () => {
  const url = new URL('https://registry.test/v2/a/tags/list');

  function next(link: string): URL | undefined {
    const answer: Pick<Answer, 'url' | 'header'> = {
      url,
      header: (name) => (name === 'link' ? link : undefined),
    };
    return nextPage(answer as Answer, url);
  }

  test('the next page is of the same origin, or there is none', () => {
    const random = seeded(3);
    const targets = [
      '?n=1',
      '//evil.test/',
      'http://registry.test/',
      'https://registry.test:1/',
      '\\\\evil.test',
      '/x',
    ];
    let found = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const target = random.percent(60) ? random.pick(targets) : random.text(marks, 0, 12);
      const page = next(`${random.text('<>; ,', 0, 2)}<${target}>;${random.pick(['', ' '])}rel="next"`);
      if (page === undefined) continue;
      found += 1;
      expect(page.origin, target).toBe(url.origin);
    }
    expect(found).toBeGreaterThan(1000);
  });

  test.each(['<'.repeat(16_000), '<>'.repeat(8_000), `<${';'.repeat(16_000)}`, `<>${'; '.repeat(8_000)}`])(
    'a long malformed one has no next page (%#)',
    (link) => {
      expect(next(link)).toBeUndefined();
    },
  );
});

test('Retry-After is a number of seconds from 0, or nothing', () => {
  const random = seeded(4);
  for (let round = 0; round < ROUNDS; round += 1) {
    const header = random.percent(50)
      ? random.text('0123456789-.e ', 0, 12)
      : random.text('SunMonJan 0123:GMT', 0, 30);
    const seconds = parseRetryAfter(header, 0);
    if (seconds !== undefined) expect(Number.isSafeInteger(seconds) && seconds >= 0, header).toBe(true);
  }
});
