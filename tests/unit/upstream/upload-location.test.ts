import { expect, test } from 'vitest';
import { uploadLocation } from '../../../registry/upstream/upload-location.ts';

const session = '/v2/team/app/blobs/uploads/7?_state=a%2Fb';

// Whatever a registry thinks it is called, its upload goes on where it is spoken to.
test.each([
  ['a path', 'http://10.0.0.5:8083', session, `http://10.0.0.5:8083${session}`],
  [
    'its own address',
    'http://10.0.0.5:8083',
    `http://10.0.0.5:8083${session}`,
    `http://10.0.0.5:8083${session}`,
  ],
  ['a public name', 'http://10.0.0.5:8083', `https://old.io${session}`, `http://10.0.0.5:8083${session}`],
  ['no scheme', 'http://10.0.0.5:8083', `//old.io${session}`, `http://10.0.0.5:8083${session}`],
  ['a path without its base', 'https://n.lan/repository/d', session, `https://n.lan/repository/d${session}`],
  [
    'a path with its base',
    'https://n.lan/repository/d',
    `/repository/d${session}`,
    `https://n.lan/repository/d${session}`,
  ],
  [
    'another base',
    'https://n.lan/repository/d',
    `http://x/y${session}`,
    `https://n.lan/repository/d${session}`,
  ],
  ['a path of its own kind', 'https://n.lan', '/up/7', 'https://n.lan/up/7'],
  [
    'a name with v2 in it',
    'https://n.lan',
    '/v2/a/v2/blobs/uploads/7',
    'https://n.lan/v2/a/v2/blobs/uploads/7',
  ],
  [
    'the same under a base',
    'https://n.lan/b',
    '/v2/a/v2/blobs/uploads/7',
    'https://n.lan/b/v2/a/v2/blobs/uploads/7',
  ],
  ['nothing that is a URL', 'https://n.lan', 'ftp://n.lan/v2/x', undefined],
])('%s', (_, root, location, expected) => {
  expect(uploadLocation(location, new URL(root))?.href).toBe(expected);
});
