import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** The other end of a connection, for which a proxy speaks. */
export interface Client {
  readonly address: string;
  readonly port: number;
}

/** What the beginning of a connection is. */
export type HeaderReading =
  /** Nothing is wrong so far; more bytes are needed. */
  | 'incomplete'
  | 'malformed'
  /** A header of `length` bytes. `client` undefined: the proxy speaks for itself, or cannot say for whom. */
  | { readonly length: number; readonly client: Client | undefined };

/** The longest first line of version 1, its line break included. PROXY protocol, 2.1. */
const longestLine = 107;
/** Version 2 may have 64 KiB of extras; senders use some hundred bytes, and whoever sends more is not one of ours. */
const longestBlock = 4096;
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedPart = 16;

/** Reads the PROXY header, version 1 or 2, at the beginning of a connection. HAProxy's proxy-protocol.txt, 2. */
export function readHeader(bytes: Buffer): HeaderReading {
  if (startsLike(bytes, signature)) return bytes.length < fixedPart ? 'incomplete' : readBlock(bytes);
  if (startsLike(bytes, Buffer.from('PROXY '))) return readLine(bytes);
  return 'malformed';
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

/** Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 50000 443`. */
function readLine(bytes: Buffer): HeaderReading {
  const end = bytes.subarray(0, longestLine).indexOf('\r\n');
  if (end < 0) return bytes.length < longestLine ? 'incomplete' : 'malformed';
  const length = end + 2;
  const [, family, ...rest] = bytes.toString('latin1', 0, end).split(' ');
  // What an unknown family is followed by is to be passed over.
  if (family === 'UNKNOWN') return { length, client: undefined };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  const [source = '', destination = '', from = '', to = ''] = rest;
  const isWhole =
    rest.length === 4 && isAddress?.(source) && isAddress(destination) && isPort(from) && isPort(to);
  return isWhole ? { length, client: { address: source, port: Number(from) } } : 'malformed';
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

/** Where the addresses of a family are, in bytes: how long they all are, the source first. */
interface Family {
  readonly size: number;
  readonly client: (block: Buffer) => Client | undefined;
}

/** By the byte for family and transport; datagrams do not come by connections, so they are not among them. */
const families = new Map<number, Family>([
  [0x00, { size: 0, client: () => undefined }],
  [0x11, { size: 12, client: (block) => ({ address: ipv4(block), port: block.readUInt16BE(8) }) }],
  [0x21, { size: 36, client: (block) => ({ address: ipv6(block), port: block.readUInt16BE(32) }) }],
  // A socket of the proxy's own machine has no address that could be of use.
  [0x31, { size: 216, client: () => undefined }],
]);

/** Version 2: the signature, version and command, family, length, then addresses and extras, which are passed over. */
function readBlock(bytes: Buffer): HeaderReading {
  const [command, kind] = [bytes.readUInt8(12), bytes.readUInt8(13)];
  const size = bytes.readUInt16BE(14);
  const length = fixedPart + size;
  const isLocal = command === 0x20;
  const family = families.get(kind);
  if ((!isLocal && command !== 0x21) || size > longestBlock) return 'malformed';
  if (!isLocal && (!family || size < family.size)) return 'malformed';
  if (bytes.length < length) return 'incomplete';
  return { length, client: isLocal ? undefined : family?.client(bytes.subarray(fixedPart, length)) };
}

function ipv4(block: Buffer): string {
  return block.subarray(0, 4).join('.');
}

function ipv6(block: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => block.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
