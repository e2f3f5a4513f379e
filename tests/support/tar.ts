const BLOCK = 512;

/** The ustar header of one plain file; `size` in bytes, below 8 GiB. */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const field = (text: string, offset: number): void => void header.write(text, offset, 'latin1');
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  field(name, 0);
  field(octal(0o644, 7), 100);
  field(octal(0, 7), 108);
  field(octal(0, 7), 116);
  field(octal(size, 11), 124);
  field(octal(0, 11), 136);
  field(' '.repeat(8), 148); // The checksum is computed over itself as spaces.
  field('0', 156);
  field('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What follows a file of `size` bytes: padding to a whole block, and two empty blocks when it is the last. */
export function tarTail(size: number, last: boolean): Buffer {
  return Buffer.alloc(((BLOCK - (size % BLOCK)) % BLOCK) + (last ? 2 * BLOCK : 0));
}

/** A tar file with one plain file in it. */
export function tarOf(name: string, content: Buffer): Buffer {
  return Buffer.concat([tarHeader(name, content.length), content, tarTail(content.length, true)]);
}
