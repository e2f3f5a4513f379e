import type { Random } from '../random.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz0123456789';
const hex = '0123456789abcdef';

/** Pieces of a path that somebody might stumble over. Raw UTF-8 goes on the wire as it is. */
export const oddPieces: readonly string[] = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2E%2E%2F%2e%2e%2fcanary',
  '..%2f..%2f..%2fcanary',
  '../../../canary',
  '..%5c..%5ccanary',
  String.raw`..\..\canary`,
  '%252e%252e%252f',
  '%c0%ae%c0%ae%c0%af',
  '%00',
  'a%00b',
  '%0d%0aX-Injected:%201',
  '%',
  '%2',
  '%zz',
  '%ff%fe',
  '%F0%9F%90%B3',
  '🐳',
  'ｌｉｂｒａｒｙ',
  'é',
  '//',
  '/%2F/',
  '%2f',
  'A',
  'Library',
  '_a',
  'a_',
  'a___b',
  'a..b',
  '-a',
  'a.-b',
  '__proto__',
  'constructor',
  'blobs',
  'manifests',
  'tags/list',
  'uploads',
  '_catalog',
  'sha256:',
  ':',
  '@',
  '~',
  '*',
  ';a=b',
  '#x',
  '&',
  '+',
  '"',
  '<script>',
  `'; DROP TABLE images; --`.replaceAll(' ', '+'),
  '%27%20OR%201=1',
  'a'.repeat(254),
  'a/'.repeat(130),
  'a'.repeat(9000),
  '%61'.repeat(3000),
  '../'.repeat(200),
];

/** A name: mostly well-formed, else with something odd in it. */
export function nameOf(random: Random): string {
  const fine = Array.from({ length: 1 + random.below(3) }, () => random.text(lower, 1, 8)).join('/');
  if (random.percent(35)) return 'fuzz/image';
  if (random.percent(30)) return fine;
  return random.pick([
    (odd: string) => odd,
    (odd: string) => `${fine}/${odd}`,
    (odd: string) => `${odd}/${fine}`,
    (odd: string) => fine + odd,
  ])(random.pick(oddPieces));
}

/** A digest of content that may exist, one that does not, or something like one. */
export function digestOrNot(random: Random, known: readonly string[]): string {
  const of = (algorithm: string, length: number): string =>
    `${algorithm}:${random.text(hex, length, length)}`;
  if (random.percent(40)) return random.pick(known);
  return random.pick([
    () => of('sha256', 64),
    () => of('sha512', 128),
    () => of('sha256', 63),
    () => of('sha256', 65),
    () => of('sha512', 64),
    () => of('sha256', 64).toUpperCase(),
    () => of('md5', 32),
    () => of('sha256+b64u', 43),
    () => `sha256%3A${random.text(hex, 64, 64)}`,
    () => `sha256:../../${random.text(hex, 58, 58)}`,
    () => `sha256:${random.pick(oddPieces)}`,
    () => random.pick(oddPieces),
  ])();
}

/** A tag, a digest, or something like them. */
export function referenceOf(random: Random, known: readonly string[]): string {
  if (random.percent(30)) return 'latest';
  if (random.percent(20)) return random.text(`${lower}ABC_.-`, 1, 129);
  return random.percent(50) ? digestOrNot(random, known) : random.pick(oddPieces);
}

/** The end of a request target, with its question mark; often empty. */
export function queryOf(random: Random, known: readonly string[]): string {
  if (random.percent(40)) return '';
  const number = (): string =>
    random.pick(['0', '1', '-1', '1e3', '99999999999999999999', 'NaN', ' 5', '٣', '0x10', '1.5', '', '%00']);
  const part = (): string =>
    random.pick([
      () => `n=${number()}`,
      () => `last=${random.pick(oddPieces)}`,
      () => `digest=${digestOrNot(random, known)}`,
      () => `mount=${digestOrNot(random, known)}&from=${nameOf(random)}`,
      () => `digest-algorithm=${random.pick(['sha256', 'sha512', 'md5', ...oddPieces])}`,
      () => `artifactType=${random.pick(oddPieces)}`,
      () => `tag=${referenceOf(random, known)}`,
      () => `q=${random.pick(oddPieces)}&n=${number()}`,
      () => `scope=repository:${nameOf(random)}:${random.pick(['pull', 'push,pull', '*', '', ','])}`,
      () => `ns=${random.pick(['docker.io', '127.0.0.1', 'file:///etc/passwd', ...oddPieces])}`,
      () => `${random.pick(oddPieces)}=${random.pick(oddPieces)}`,
      () => random.pick(oddPieces),
      () => `n=1&n=2&n=${number()}&last&last=`,
    ])();
  return `?${Array.from({ length: 1 + random.below(3) }, part).join('&')}`;
}
