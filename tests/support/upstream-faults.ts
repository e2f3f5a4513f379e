import type http from 'node:http';

/** How an upstream fails. The first two befall its connections, the others its answers. */
export type UpstreamFault =
  | 'refused'
  | 'TLS wrong'
  | 'hangs before headers'
  | 'stalls in the middle'
  | 'resets in the middle once'
  | 'resets in the middle always'
  | 'truncates'
  | 'wrong bytes'
  | 'wrong length'
  | '401'
  | '403'
  | '404'
  | '429'
  | '500'
  | '503'
  | 'HTML with 200'
  | 'redirect loop'
  | 'redirect to another host'
  | 'without a length'
  | 'endless body'
  | 'slow drip';

/** What a faultless upstream would answer. */
export interface GoodAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** One request that is to be answered in the wrong way; `elsewhere` is the origin of another host with the same content. */
export interface Failing {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly good: GoodAnswer;
  readonly elsewhere: string;
  /** Whether an answer to GET of this path was reset before. */
  readonly isRepeated: boolean;
}

/** What 429 asks clients to wait, in seconds. */
export const RETRY_AFTER = 7;

const ENDLESS_PIECE = Buffer.alloc(65_536, ' ');
const ENDLESS_PAUSE = 2;
const DRIPS = 30;
const DRIP_PAUSE = 100;

/** Answers as a registry should. */
export function answerWell({ request, response, good }: Failing): void {
  response.writeHead(good.status, { ...good.headers, 'content-length': good.body.length });
  response.end(request.method === 'HEAD' ? undefined : good.body);
}

/** Answers in the way of that fault; what breaks in the body leaves HEAD and refusals as they are. */
export function answerBadly(fault: UpstreamFault, failing: Failing): void {
  const whole = wholeAnswers[fault];
  if (whole) {
    whole(failing);
    return;
  }
  const hasBody = failing.request.method === 'GET' && failing.good.status < 300;
  (hasBody ? (bodies[fault] ?? answerWell) : answerWell)(failing);
}

type Answering = (failing: Failing) => void;

function refuse(status: number, headers: Readonly<Record<string, string | number>> = {}): Answering {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ errors: [{ code: 'FAULT', message: `a fault of the test: ${status}` }] }));
  };
}

function redirect(to: (failing: Failing) => string): Answering {
  return (failing) => {
    failing.response.writeHead(307, { location: to(failing), 'content-length': 0 }).end();
  };
}

const wholeAnswers: Partial<Record<UpstreamFault, Answering>> = {
  'hangs before headers': () => undefined,
  401: refuse(401),
  403: refuse(403),
  404: refuse(404),
  429: refuse(429, { 'retry-after': RETRY_AFTER }),
  500: refuse(500),
  503: refuse(503),
  'HTML with 200'({ response }) {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><h1>Please log in</h1>');
  },
  'redirect loop': redirect(({ request }) => request.url ?? '/'),
  'redirect to another host': redirect(({ request, elsewhere }) => elsewhere + (request.url ?? '/')),
};

const bodies: Partial<Record<UpstreamFault, Answering>> = {
  'stalls in the middle'(failing) {
    sendHalf(failing, () => undefined);
  },
  'resets in the middle once'(failing) {
    if (failing.isRepeated) answerWell(failing);
    else sendHalf(failing, (socket) => socket.resetAndDestroy());
  },
  'resets in the middle always'(failing) {
    sendHalf(failing, (socket) => socket.resetAndDestroy());
  },
  truncates(failing) {
    sendHalf(failing, (socket) => socket.end());
  },
  'wrong bytes'(failing) {
    answerWell({ ...failing, good: { ...failing.good, body: damaged(failing.good) } });
  },
  'wrong length'({ response, good }) {
    response.writeHead(good.status, { ...good.headers, 'content-length': good.body.length - 10 });
    response.end(good.body);
  },
  'without a length'({ response, good }) {
    response.writeHead(good.status, good.headers);
    response.end(good.body);
  },
  'endless body'({ response, good }) {
    response.writeHead(good.status, good.headers);
    repeat(response, ENDLESS_PAUSE, Infinity, () => ENDLESS_PIECE);
  },
  'slow drip'({ response, good: { status, headers, body } }) {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    const size = Math.ceil(body.length / DRIPS);
    repeat(response, DRIP_PAUSE, DRIPS, (turn) => body.subarray(turn * size, (turn + 1) * size));
  },
};

/**
 * One byte is another. In a manifest it is one of a digest in it, so that only the manifest's own digest tells; lists
 * have no digest and are no JSON any more.
 */
function damaged({ headers, body }: GoodAnswer): Buffer {
  const isManifest = 'docker-content-digest' in headers && String(headers['content-type']).endsWith('json');
  const at = isManifest ? body.lastIndexOf('"') - 1 : body.length - 1;
  const copy = Buffer.from(body);
  copy.write(copy.toString('latin1', at, at + 1) === '0' ? '1' : '0', at, 'latin1');
  return copy;
}

/** Promises all of the body, sends half, and does `then` to the connection when that half has left. */
function sendHalf(
  { request, response, good }: Failing,
  then: (socket: http.IncomingMessage['socket']) => void,
): void {
  response.writeHead(good.status, { ...good.headers, 'content-length': good.body.length });
  response.write(good.body.subarray(0, Math.ceil(good.body.length / 2)), () => {
    then(request.socket);
  });
}

/** Writes one piece after another, `pause` ms apart, until there were `times` or the client has gone. */
function repeat(
  response: http.ServerResponse,
  pause: number,
  times: number,
  piece: (turn: number) => Buffer,
): void {
  let turn = 0;
  const timer = setInterval(() => {
    // A client that does not read is not sent more.
    if (response.writableNeedDrain) return;
    response.write(piece(turn));
    turn += 1;
    if (turn < times) return;
    clearInterval(timer);
    response.end();
  }, pause);
  response.once('close', () => {
    clearInterval(timer);
  });
}
