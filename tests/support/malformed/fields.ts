import { basic, type Account } from '../realm.ts';
import type { Random } from '../random.ts';

type Field = readonly [name: string, value: string];

const numbers = [
  '0',
  '1',
  '5',
  '15',
  '16',
  '17',
  '5000',
  '1000000',
  '-1',
  '',
  '007',
  '1e3',
  '9007199254740993',
  '9'.repeat(40),
  'x',
  '٣',
];

/** A Range or Content-Range value: ones that fit, ones that do not, and no ranges at all. */
function rangeOf(random: Random): string {
  const n = (): string => random.pick(numbers);
  return random.pick([
    () => `bytes=${n()}-${n()}`,
    () => `${n()}-${n()}`,
    () => `bytes ${n()}-${n()}/${n()}`,
    () => `bytes=${Array.from({ length: 200 }, () => `${n()}-${n()}`).join(',')}`,
    () => `items=${n()}-${n()}`,
    () => `bytes=${n()}`,
    () => 'bytes=-',
    () => '='.repeat(500),
    () => `bytes=${' '.repeat(1000)}0-1`,
  ])();
}

const acceptLists = [
  '*/*',
  '',
  ',,,,',
  'application/vnd.oci.image.manifest.v1+json;q=nan,*/*;q=-1',
  'text/html',
  '/',
  ';;;;=,=',
  'application/x,'.repeat(500),
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  '"unterminated',
];

const contentTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=',
  'application/x-www-form-urlencoded',
  'text/html',
  ';',
  '',
  'a'.repeat(2000),
];

/** Credentials of all sorts; the good ones most of the time, since few requests get far without. */
function authorizationOf(random: Random, account: Account): string | undefined {
  if (random.percent(85)) return basic(account);
  if (random.percent(20)) return undefined;
  // A wrong password costs the gateway a slow hash, so only a few are.
  if (random.percent(3)) return basic({ user: random.pick(['admin', 'nobody', '']), password: 'wrong' });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return random.pick([
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${base64('no colon')}`,
    `Basic ${base64('a\u0000b:c\u0000')}`,
    'Bearer',
    'Bearer a.b.c',
    'Bearer ..',
    `Bearer ${base64('{"alg":"none"}')}.${base64('{"sub":"admin"}')}.`,
    `Bearer ${'a'.repeat(8000)}`,
    'Digest username="admin"',
    'Basic YTpi, Bearer x',
    'bearer bearer bearer',
    '=',
    '"',
  ]);
}

const others: readonly ((random: Random) => Field)[] = [
  (random) => ['Range', rangeOf(random)],
  (random) => ['Range', `bytes=${random.pick(numbers)}-${random.pick(numbers)}`],
  (random) => ['Content-Range', rangeOf(random)],
  () => ['If-None-Match', '*'],
  (random) => ['Accept', random.pick(acceptLists)],
  (random) => ['Content-Type', random.pick(contentTypes)],
  (random) => ['If-None-Match', random.pick(['"', 'W/"x"', ','.repeat(3000), '""', 'sha256:'])],
  (random) => ['If-Range', random.pick(['*', '"x"', 'Wed, 21 Oct 2015 07:28:00 GMT', ''])],
  (random) => ['Expect', random.pick(['100-continue', '200-ok', '', '100-continue, 100-continue'])],
  (random) => ['Link', random.pick(['<>', '</v2/>; rel=next', '<'.repeat(2000), '; rel="next"'])],
  (random) => ['WWW-Authenticate', random.pick(['Bearer realm="', 'Basic,,,=', '='.repeat(2000)])],
  (random) => ['X-Forwarded-Host', random.pick(['evil.test', '../..', 'a'.repeat(1000), '[::1'])],
  (random) => ['X-Forwarded-Proto', random.pick(['javascript', '', 'http'])],
  (random) => ['Accept-Encoding', random.pick(['gzip;q=0', '*', 'br'.repeat(500)])],
  (random) => ['Cookie', 'a=b; '.repeat(random.below(200))],
  (random) => ['X-Odd', `\u00e9\u00ff${'x'.repeat(random.below(4000))}`],
  (random) => ['Docker-Content-Digest', random.pick(['', 'sha256:', 'x'])],
  (random) => ['X-Http-Method-Override', random.pick(['DELETE', 'PUT', ''])],
  (random) => ['Upgrade', random.pick(['websocket', 'h2c', 'TLS/1.0, HTTP/1.1'])],
];

/** The header fields of a request but for its length; the Host is mostly right. */
export function fieldsOf(random: Random, account: Account): readonly Field[] {
  const host = random.percent(97)
    ? 'localhost'
    : random.pick(['', '..', '[::1', 'a b', '1.2.3.4.5', 'x:99999', '%00']);
  const authorization = authorizationOf(random, account);
  const more = Array.from({ length: random.below(4) }, () => random.pick(others)(random));
  return [
    ['Host', host],
    ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
    ...(random.percent(30)
      ? [['Range', `bytes=${random.pick(['0', '15', '5000', '1000000'])}-`] as const]
      : []),
    ...more,
  ];
}
