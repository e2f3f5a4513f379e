import { describe, expect, test } from 'vitest';
import { readHeader } from '../../../gateway/proxy-protocol/header.ts';
import { proxyHeader } from '../../support/proxy-header.ts';

const text = (line: string): Buffer => Buffer.from(line, 'latin1');

describe('version 1', () => {
  test.each([
    ['PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n', { address: '192.0.2.1', port: 50000 }],
    ['PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n', { address: '2001:db8::1', port: 0 }],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff::1 whatever 1\r\n', undefined],
  ])('%j is read, and what follows it is not', (line, client) => {
    expect(readHeader(text(`${line}GET / HTTP/1.1\r\n`))).toEqual({ length: line.length, client });
  });

  test('every beginning of it is incomplete, not malformed', () => {
    const line = 'PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n';
    for (let length = 0; length < line.length; length += 1)
      expect(readHeader(text(line.slice(0, length)))).toBe('incomplete');
  });

  test.each([
    'GET / HTTP/1.1\r\n',
    'PROXYTCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
    'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.256 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n',
    'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}`,
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  ])('%j is malformed', (line) => {
    expect(readHeader(text(line))).toBe('malformed');
  });

  test('the longest line there may be is read', () => {
    const line = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
    expect(line).toHaveLength(107);
    expect(readHeader(text(line))).toEqual({ length: 107, client: undefined });
  });
});

describe('version 2', () => {
  const four = Buffer.from([192, 0, 2, 1, 192, 0, 2, 2, 0xc3, 0x50, 0x01, 0xbb]);
  const six = Buffer.alloc(36);
  six.writeUInt16BE(0x2001, 0);
  six.writeUInt16BE(0x0db8, 2);
  six.writeUInt16BE(1, 14);
  six.writeUInt16BE(50000, 32);
  const extras = Buffer.from([0x04, 0x00, 0x02, 0xaa, 0xbb]);

  test.each([
    ['TCP over IPv4', 0x21, 0x11, four, { address: '192.0.2.1', port: 50000 }],
    ['with extras', 0x21, 0x11, Buffer.concat([four, extras]), { address: '192.0.2.1', port: 50000 }],
    ['TCP over IPv6', 0x21, 0x21, six, { address: '2001:db8::1', port: 50000 }],
    ['a unix socket', 0x21, 0x31, Buffer.alloc(216, 'x'), undefined],
    ['unspecified', 0x21, 0x00, Buffer.alloc(0), undefined],
    ['unspecified with extras', 0x21, 0x00, extras, undefined],
    ['of the proxy itself', 0x20, 0x00, Buffer.alloc(0), undefined],
    ['of the proxy itself, with addresses', 0x20, 0x11, four, undefined],
    ['of the proxy itself, whatever the family', 0x20, 0xff, four, undefined],
  ])('%s is read, and what follows it is not', (_, command, family, block, client) => {
    const bytes = proxyHeader(command, family, block);
    const reading = readHeader(Buffer.concat([bytes, text('\x16\x03\x01')]));
    expect(reading).toEqual({ length: 16 + block.length, client });
    for (let length = 0; length < bytes.length; length += 1)
      expect(readHeader(bytes.subarray(0, length))).toBe('incomplete');
  });

  test.each([
    ['version 1 in the form of version 2', 0x11, 0x11, four],
    ['version 3', 0x31, 0x11, four],
    ['an unknown command', 0x22, 0x11, four],
    ['datagrams', 0x21, 0x12, four],
    ['an unknown family', 0x21, 0x41, four],
    ['a block that is too short for its family', 0x21, 0x21, four],
    ['a block that is too long for anybody', 0x21, 0x11, Buffer.alloc(4097)],
  ])('%s is malformed', (_, command, family, block) => {
    expect(readHeader(proxyHeader(command, family, block))).toBe('malformed');
  });

  test('a signature with one wrong byte is malformed as soon as it is seen', () => {
    expect(readHeader(text('\r\n\r\n\0\r\nQUIX'))).toBe('malformed');
  });
});
