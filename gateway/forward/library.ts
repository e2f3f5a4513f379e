import util from 'node:util';
import type HttpProxy from 'http-proxy';

// http-proxy takes util._extend once, while it is loaded, and Node warns when it is called (DEP0060). It is given the
// same thing without the warning; the rest of the process keeps the original, whose use stays reported.
const original = Object.getOwnPropertyDescriptor(util, '_extend');
Object.defineProperty(util, '_extend', { configurable: true, value: Object.assign });
const { default: library } = await import('http-proxy');
if (original) Object.defineProperty(util, '_extend', original);
else Reflect.deleteProperty(util, '_extend');

/** How one exchange is passed on: target, agent and what the library is to leave alone. */
export type Line = HttpProxy.ServerOptions;

/**
 * http-proxy, for the files beside this one, which know what the bare library gets wrong. One is made for each
 * exchange: its events then belong to that exchange alone.
 */
export function createProxyServer(line: Line): HttpProxy {
  return library.createProxyServer(line);
}
