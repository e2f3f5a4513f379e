/** A reply as it stood on the wire. */
export interface WireReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Where the next reply begins. */
  readonly end: number;
}

/**
 * The reply that begins at `at`, 1xx passed over; undefined when it is not all here yet. `ended` says that no more will
 * come. Throws for what is no reply. Strict, and independent of node's parser.
 */
export function readReply(bytes: Buffer, at: number, head: boolean, ended: boolean): WireReply | undefined {
  const gap = bytes.indexOf('\r\n\r\n', at);
  if (gap < 0) return undefined;
  const [line = '', ...fields] = bytes.toString('latin1', at, gap).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no status line: ${line.slice(0, 100)}`);
  const start = gap + 4;
  if (status < 200) return readReply(bytes, start, head, ended);
  const headers = new Map(fields.map((field) => split(field)));
  const bare = head || status === 204 || status === 304;
  const end = bare ? start : endOf(bytes, start, headers, ended);
  if (end === undefined || end > bytes.length) return undefined;
  return { status, headers, body: bytes.subarray(start, end), end };
}

function split(field: string): [string, string] {
  const [, name = '', value = ''] = /^([\w-]+): ?(.*)$/.exec(field) ?? [];
  if (name === '') throw new Error(`no header field: ${field.slice(0, 100)}`);
  return [name.toLowerCase(), value];
}

function endOf(
  bytes: Buffer,
  start: number,
  headers: ReadonlyMap<string, string>,
  ended: boolean,
): number | undefined {
  const length = headers.get('content-length');
  if (length !== undefined) return start + Number(length);
  // Only pages are sent in chunks, which hold no empty line followed by a zero.
  if (headers.get('transfer-encoding') === 'chunked') {
    const last = bytes.indexOf('0\r\n\r\n', start);
    return last < 0 ? undefined : last + 5;
  }
  return ended ? bytes.length : undefined;
}
