import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

/** Bytes of the path of a unix socket, without the zero at its end. unix(7), "Address format". */
const longestPath = 107;

/** A folder of sockets, under a name that is short enough; to be closed after the last socket in it. */
export interface SocketFolder {
  /** What a socket of this name is bound or connected to. */
  pathOf(socket: string): string;
  close(): Promise<void>;
}

/** Opens a folder for sockets of names up to 32 bytes; throws when its path is too long and the system offers no other. */
export async function openSocketFolder(folder: string): Promise<SocketFolder> {
  if (Buffer.byteLength(folder) + 1 + 32 <= longestPath)
    return { pathOf: (socket) => join(folder, socket), close: () => Promise.resolve() };
  if (process.platform !== 'linux')
    throw new Error(`the path ${folder} is too long for a socket: choose a shorter data folder`);
  // The system follows this short path to the folder that is open, however long its own is. proc(5), "/proc/pid/fd".
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    pathOf: (socket) => `/proc/self/fd/${handle.fd}/${socket}`,
    close: () => handle.close(),
  };
}

/** Where the gateways of a data folder have their sockets. */
export function runFolder(data: string): string {
  return join(data, 'run');
}
