/** A PROXY header of version 2: command and family as they are on the wire, and the block of addresses and extras. */
export function proxyHeader(command: number, family: number, block: Uint8Array): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(block.length, 14);
  return Buffer.concat([head, block]);
}
