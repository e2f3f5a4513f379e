import type { Directive, Position } from '../parse.ts';

/** Where a server block takes connections. */
export interface Listen {
  /** `*`, an IP address without brackets, a name, or `unix:/path`. */
  readonly address: string;
  /** Several for a range; none for a socket file. */
  readonly ports: readonly number[];
  readonly ssl: boolean;
  readonly http2: boolean;
  readonly quic: boolean;
  readonly proxyProtocol: boolean;
  readonly defaultServer: boolean;
  readonly at: Position;
}

/** Reads `listen` in every form; undefined for an address that nginx would refuse. */
export function readListen({ args, at }: Directive): Listen | undefined {
  const [first, ...options] = args.map(({ text }) => text);
  const place = first === undefined ? undefined : placeOf(first);
  if (place === undefined) return undefined;
  return {
    ...place,
    ssl: options.includes('ssl'),
    http2: options.includes('http2') || options.includes('spdy'),
    quic: options.includes('quic') || options.includes('http3'),
    proxyProtocol: options.includes('proxy_protocol'),
    defaultServer: options.includes('default_server') || options.includes('default'),
    at,
  };
}

/** What a server without `listen` has, when nginx is started by root. */
export function standardListen(at: Position): Listen {
  return {
    address: '*',
    ports: [80],
    ssl: false,
    http2: false,
    quic: false,
    proxyProtocol: false,
    defaultServer: false,
    at,
  };
}

function placeOf(text: string): Pick<Listen, 'address' | 'ports'> | undefined {
  if (text.startsWith('unix:')) return { address: text, ports: [] };
  if (/^\d+(-\d+)?$/.test(text)) return withPorts('*', text);
  const [, bracketed, plain, ports] =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d+(?:-\d+)?))?$/i.exec(text) ?? [];
  const address = bracketed ?? plain;
  return address === undefined ? undefined : withPorts(address, ports ?? '80');
}

function withPorts(address: string, text: string): Pick<Listen, 'address' | 'ports'> | undefined {
  const [first = 0, last = first] = text.split('-').map(Number);
  if (first < 1 || last > 65_535 || last < first) return undefined;
  return { address, ports: Array.from({ length: last - first + 1 }, (_, index) => first + index) };
}
