import { describe, expect, test } from 'vitest';
import { parseContentRange, parseRange } from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

describe('Range of ten bytes', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-', 0, 9],
    ['bytes=3-', 3, 9],
    ['bytes=3-5', 3, 5],
    ['bytes=3-9', 3, 9],
    ['bytes=3-10', 3, 9],
    ['bytes=3-999999999999999', 3, 9],
    ['bytes=9-', 9, 9],
    ['bytes=-1', 9, 9],
    ['bytes=-10', 0, 9],
    ['bytes=-11', 0, 9],
    [' bytes=3-5 ', 3, 5],
    ['Bytes=3-5', 3, 5],
    ['bytes=007-0008', 7, 8],
  ])('%j is %i to %i', (header, first, last) => {
    expect(parseRange(header, 10)).toEqual({ first, last });
  });

  test.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1.5-2',
    'bytes=0x1-2',
    'bytes=--1',
    'bytes=1 2-15',
    'bytes 0-5',
    'bytes=0-1,3-4',
    'bytes=-1,-2',
    'items=0-1',
  ])('%j asks for all of it', (header) => {
    expect(parseRange(header, 10)).toBeUndefined();
  });

  test.each(['bytes=10-', 'bytes=10-12', 'bytes=999999999999999-', 'bytes=-0', 'bytes=5-3', 'bytes=12-11'])(
    '%j cannot be satisfied, and the answer says how much there is',
    (header) => {
      const refusal = refusalOf(() => parseRange(header, 10), 'rangeNotSatisfiable');
      expect(refusal).toMatchObject({ detail: { size: 10 }, size: 10 });
    },
  );

  test('nothing has no first byte', () => {
    refusalOf(() => parseRange('bytes=0-', 0), 'rangeNotSatisfiable');
    expect(parseRange(undefined, 0)).toBeUndefined();
  });
});

describe('Content-Range of a chunk', () => {
  test.each([
    ['0-0', 0, 0],
    ['0-99', 0, 99],
    ['100-199', 100, 199],
    ['bytes 0-99/200', 0, 99],
    ['bytes 0-99/*', 0, 99],
    ['bytes=0-99', 0, 99],
    [' 5-7 ', 5, 7],
  ])('%j is %i to %i', (header, first, last) => {
    expect(parseContentRange(header)).toEqual({ first, last });
  });

  test('without the header there is none', () => {
    expect(parseContentRange(undefined)).toBeUndefined();
  });

  test.each([
    '',
    '-',
    '5',
    '5-',
    '-5',
    '5-4',
    '0--1',
    'a-b',
    'bytes */200',
    '0-1,2-3',
    '1e3-2e3',
    '0-9999999999999999',
  ])('%j is malformed', (header) => {
    refusalOf(() => parseContentRange(header), 'blobUploadInvalid');
  });
});
