import type { Account } from '../realm.ts';
import type { Random } from '../random.ts';
import { brokenManifest } from './bodies.ts';
import { fieldsOf } from './fields.ts';
import { digestOrNot, nameOf, oddPieces, queryOf, referenceOf } from './words.ts';

/** A request as bytes. */
export interface Wire {
  readonly bytes: Buffer;
  readonly head: boolean;
  /** True when it ends where it says, so that others may follow it on its connection. */
  readonly framed: boolean;
}

/** What requests are made of. */
export interface Ingredients {
  readonly account: Account;
  /** Digests of content that exists. */
  readonly digests: readonly string[];
  /** Ids of uploads that are open. */
  readonly uploads: readonly string[];
}

const methods = ['GET', 'GET', 'GET', 'HEAD', 'HEAD', 'PUT', 'PUT', 'PATCH', 'DELETE', 'POST'];
const wrongMethods = ['OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'PURGE', 'LINK', 'QUERY'];

/** One malformed request: one in twenty is broken as HTTP, the others are HTTP about something odd. */
export function malformedRequest(random: Random, from: Ingredients): Wire {
  return random.percent(5) ? brokenFraming(random, from) : oddRequest(random, from);
}

function oddRequest(random: Random, from: Ingredients): Wire {
  const target = targetOf(random, from);
  const wished = random.percent(97) ? random.pick(methods) : random.pick(wrongMethods);
  // What is gone can no longer be asked for in odd ways.
  const method = wished === 'DELETE' && target.startsWith('/v2/fuzz/image/') ? 'GET' : wished;
  const start = `${method} ${target} HTTP/1.1\r\n${headOf(random, from)}`;
  return { bytes: withBody(start, random, method), head: method === 'HEAD', framed: true };
}

function targetOf(random: Random, { digests, uploads }: Ingredients): string {
  const name = (): string => nameOf(random);
  const path = random.pick([
    () => `/v2/${name()}/manifests/${referenceOf(random, digests)}`,
    () => `/v2/${name()}/manifests/${referenceOf(random, digests)}`,
    () => `/v2/${name()}/blobs/${digestOrNot(random, digests)}`,
    () => `/v2/${name()}/blobs/${digestOrNot(random, digests)}`,
    () => `/v2/fuzz/image/blobs/${random.pick(digests)}`,
    () => `/v2/${name()}/blobs/uploads/${random.percent(20) ? '' : random.pick(oddPieces)}`,
    () => `/v2/fuzz/image/blobs/uploads/${random.pick([...uploads, ...oddPieces])}`,
    () => `/v2/${name()}/referrers/${digestOrNot(random, digests)}`,
    () => `/v2/${name()}/tags/list`,
    () => `/v2/${random.pick(['', '_catalog', 'token', '_x', ...oddPieces])}`,
    () => `/v1/${random.pick(['search', '_ping', ...oddPieces])}`,
    () => `/${random.pick(['', 'v2', 'v3/', 'healthz', 'ca.crt', ...oddPieces])}`,
    () => `http://localhost/v2/${name()}/tags/list`,
    () => `/${random.pick(oddPieces)}/v2/${random.pick(oddPieces)}`,
  ])();
  // A space would end the target; what begins without a slash is no target and belongs to the broken ones.
  return (path + queryOf(random, digests)).replaceAll(' ', '+');
}

function headOf(random: Random, { account }: Ingredients): string {
  return fieldsOf(random, account)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

/** A request with its body, framed by a length or in chunks. */
function withBody(start: string, random: Random, method: string): Buffer {
  const wanted = method === 'PUT' || method === 'POST' || method === 'PATCH';
  const none = !random.percent(wanted ? 85 : 5);
  if (none) return Buffer.from(`${start}${wanted ? 'Content-Length: 0\r\n' : ''}\r\n`);
  const body = random.percent(70) ? brokenManifest(random) : Buffer.from('grant_type=password&username=a');
  if (random.percent(60))
    return Buffer.concat([Buffer.from(`${start}Content-Length: ${body.length}\r\n\r\n`), body]);
  const chunk = body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)};x=y\r\n`), body, '\r\n'];
  const parts = [`${start}Transfer-Encoding: chunked\r\n\r\n`, ...chunk, '0\r\n\r\n'];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

const brokenEnds = [
  'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
  'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'Content-Length: -1\r\n\r\n',
  'Content-Length: 99999999999999999999\r\n\r\n',
  'Content-Length: 1e2\r\n\r\n',
  'Content-Length: 1000\r\n\r\nshort',
  'Transfer-Encoding: identity\r\n\r\n',
  'Transfer-Encoding: gzip, chunked\r\n\r\n',
  'Transfer-Encoding: chunked, gzip\r\n\r\n',
  'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
  'Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhel',
  'Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer\u0000: x\r\n\r\n',
  'No colon\r\n\r\n',
  ': no name\r\n\r\n',
  'X-Nul: a\u0000b\r\n\r\n',
  ' folded: yes\r\n\r\n',
  'X-Bare: a\rb\r\n\r\n',
  'X-Newline: a\n\n',
  'Host: a\r\nHost: b\r\n\r\n',
  `X-Long: ${'a'.repeat(40_000)}\r\n\r\n`,
  `${'X-Many: a\r\n'.repeat(3000)}\r\n`,
  `${'x'.repeat(40_000)}: a\r\n\r\n`,
  'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
  'Connection: close, keep-alive, \u0001\r\n\r\n',
  'Expect: 100-continue\r\nContent-Length: 10\r\n\r\n',
  '',
];

const brokenLines = [
  'GET /v2/',
  'GET  /v2/  HTTP/1.1',
  'GET /v2/ HTTP/9.9',
  'GET /v2/ HTTP/0.9',
  'GET /v2/ ICY/1.1',
  'get /v2/ HTTP/1.1',
  'FOO /v2/ HTTP/1.1',
  'CONNECT 127.0.0.1:22 HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET * HTTP/1.1',
  'GET v2/ HTTP/1.1',
  'GET ftp://localhost/v2/ HTTP/1.1',
  'GET http:// HTTP/1.1',
  'GET http://[::1/v2/ HTTP/1.1',
  'GET /v2/\u0000/tags/list HTTP/1.1',
  'GET /v2/a b/tags/list HTTP/1.1',
  'PRI * HTTP/2.0\r\n\r\nSM',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  `GET /v2/${'a/'.repeat(20_000)}tags/list HTTP/1.1`,
  '\r\n\r\n\r\nGET /v2/ HTTP/1.1',
  '',
];

function brokenFraming(random: Random, from: Ingredients): Wire {
  // Not HEAD: whether a refusal of what is no HTTP has a body would be a guess.
  const fine = `${random.pick(['GET', 'PUT', 'PATCH', 'POST'])} ${targetOf(random, from)} HTTP/1.1`;
  const [line, end] = random.percent(50)
    ? [random.pick(brokenLines), '\r\n']
    : [fine, random.pick(brokenEnds)];
  return {
    bytes: Buffer.from(`${line}\r\n${headOf(random, from)}${end}`, 'latin1'),
    head: false,
    framed: false,
  };
}
