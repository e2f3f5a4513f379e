import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { emitFront, emitSplit } from '../../../nginx-compat/emit/index.ts';
import { filesOnDisk } from '../../../nginx-compat/disk.ts';
import { lintNginx } from '../../../nginx-compat/lint/index.ts';
import { parseNginx, type NginxFiles } from '../../../nginx-compat/parse.ts';

/** All but what is said of certificates, whose files are not there. */
function said(file: string, files: NginxFiles): readonly string[] {
  return lintNginx(parseNginx(file, files), files)
    .filter(({ rule }) => rule !== 'certificates')
    .map(({ severity, rule, at, what }) => `${at.line} ${severity} ${rule}: ${what}`);
}

describe('no false alarm', () => {
  test.each([
    ['harbor', 0],
    ['gitlab-registry', 0],
    // docker-registry's own recipe lets nginx write layers to its disk, which works and is slow.
    ['basic-auth', 2],
    ['read-only-mirror', 1],
  ])('about %s', (name, hints) => {
    const file = fileURLToPath(new URL(`../../support/nginx-files/${name}.conf`, import.meta.url));
    const lines = said(file, filesOnDisk());
    expect(lines.filter((line) => !line.includes(' hint '))).toEqual([]);
    expect(lines).toHaveLength(hints);
  });

  const site = { hosts: ['idocker.test'], certificate: '/none.crt', key: '/none.key' };
  const backend = { scheme: 'http', address: '127.0.0.1:8080' } as const;
  test.each([
    ['front', emitFront({ sites: [site], backend, webSockets: true, keys: [] })],
    [
      'front that sends blobs',
      emitFront({
        sites: [site],
        backend,
        webSockets: false,
        keys: [],
        accel: { location: '/dockgate-blobs/', folder: '/srv/blobs' },
      }),
    ],
    [
      'split',
      emitSplit({
        site,
        read: [new URL('http://10.0.0.5:8082'), new URL('http://10.0.0.6:8082')],
        write: [new URL('http://10.0.0.5:8083/repository/hosted')],
        ca: '/none.crt',
      }),
    ],
  ])('about our own %s', (_, text) => {
    expect(said('export.conf', { read: () => text, glob: () => [] })).toEqual([]);
  });
});
