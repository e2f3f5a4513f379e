import { expect, test } from 'vitest';
import { parseCredentials } from '../../../registry/access/credentials.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  [undefined, { by: 'none' }],
  [basic('alice:s3cret'), { by: 'basic', user: 'alice', password: 's3cret' }],
  [basic('alice:a:b'), { by: 'basic', user: 'alice', password: 'a:b' }],
  [basic('alice:'), { by: 'basic', user: 'alice', password: '' }],
  [basic(':'), { by: 'none' }],
  [basic(':x'), { by: 'basic', user: '', password: 'x' }],
  [basic('jürgen:pässwört'), { by: 'basic', user: 'jürgen', password: 'pässwört' }],
  [basic('a:b').toLowerCase().replace(/ .*/, ' YTpi'), { by: 'basic', user: 'a', password: 'b' }],
  ['BASIC  YTpi ', { by: 'basic', user: 'a', password: 'b' }],
  ['Bearer a.b-c_d', { by: 'bearer', token: 'a.b-c_d' }],
  ['bearer abc==', { by: 'bearer', token: 'abc==' }],
])('reads %j', (header, credentials) => {
  expect(parseCredentials(header)).toEqual(credentials);
});

test.each([
  '',
  'Basic',
  'Basic ',
  'Basic !!!',
  'Basic YTpi extra',
  'Bearer',
  'Bearer a b',
  'Bearer ä',
  'Digest username="x"',
  'YTpi',
  basic('no colon'),
  basic('a\nb:c'),
  basic('a:b\0c'),
])('%j is malformed', (header) => {
  expect(parseCredentials(header)).toMatchObject({ by: 'malformed' });
});
