import { beforeAll, describe, expect, test } from 'vitest';
import { imageReader, type ReadImage } from '../../../gateway/api/image.ts';
import { createDoors } from '../../../gateway/doors.ts';
import { load } from '../config/load.ts';

const hosts = `
repositories:
  hosted: { type: hosted }
  hub:    { type: proxy, upstream: https://hub.test }
  group:  { type: group, members: [hosted, hub], writable: hosted }
hosts:
  page.test:     { web: true }
  old.test:      { read: http://10.0.0.5:8082, write: http://10.0.0.5:8083 }
  main.test:     { read: group, write: group }
  "*.wild.test": { read: hub }
  10.0.0.1:      { read: hosted }
`;
const digest = `sha256:${'a'.repeat(64)}`;

let read: ReadImage;
beforeAll(async () => {
  const config = await load(hosts);
  read = imageReader(config, createDoors(config));
});

describe('an image', () => {
  test.each([
    ['nginx', 'group', 'nginx', { tag: 'latest' }],
    ['nginx:1.27', 'group', 'nginx', { tag: '1.27' }],
    ['team/app:Build_7', 'group', 'team/app', { tag: 'Build_7' }],
    [`team/app@${digest}`, 'group', 'team/app', { digest }],
    [`team/app:1@${digest}`, 'group', 'team/app', { digest }],
    ['quay.io/coreos/etcd:v3', 'group', 'quay.io/coreos/etcd', { tag: 'v3' }],
    ['main.test/nginx', 'group', 'nginx', { tag: 'latest' }],
    ['MAIN.test:8443/nginx:1', 'group', 'nginx', { tag: '1' }],
    ['a.wild.test/team/app', 'hub', 'team/app', { tag: 'latest' }],
    ['10.0.0.1:443/nginx', 'hosted', 'nginx', { tag: 'latest' }],
    // Not below a host, so it is a name and a tag.
    ['main.test:1', 'group', 'main.test', { tag: '1' }],
  ])('%s is read from %s', (image, repository, name, reference) => {
    expect(read(image)).toEqual({ image, repository, name, reference });
  });

  test('is read through the host that is asked for', () => {
    expect(read('nginx', '10.0.0.1').repository).toBe('hosted');
    expect(read('main.test/nginx', 'MAIN.test').repository).toBe('group');
  });

  test.each([
    ['', undefined, 'is not an image'],
    ['/', undefined, 'is not an image'],
    ['Nginx', undefined, 'has capitals'],
    ['nginx:', undefined, 'has no valid tag'],
    ['nginx@sha256:0', undefined, 'has no valid digest'],
    ['other.test:5000/nginx', undefined, 'has a host with a port'],
    ['main.test/', undefined, 'is not an image'],
    ['old.test/nginx', undefined, 'old.test does not read'],
    ['page.test/nginx', undefined, 'page.test does not read'],
    ['nginx', 'other.test', 'other.test is none of the hosts'],
    ['main.test/nginx', '10.0.0.1', 'leave one of them out'],
  ])('%j through %j cannot be', (image, host, sentence) => {
    expect(() => read(image, host)).toThrow(sentence);
  });

  test('of which no host reads cannot be', async () => {
    const config = await load('hosts: { old.test: { read: "http://10.0.0.5:8082" } }');
    expect(() => imageReader(config, createDoors(config))('nginx')).toThrow('no host of the configuration');
  });
});
