import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { storedLogin } from '../../../gateway/cli/stored-login.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';

const of = (user: string, password: string) => ({
  auth: Buffer.from(`${user}:${password}`).toString('base64'),
});

/** Who is found for a host in the home folder that these files make. */
async function found(host: string, files: Readonly<Record<string, object | string>>) {
  const home = await makeFolder();
  onTestFinished(() => removeFolder(home));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(home, path, '..'), { recursive: true });
    await writeFile(join(home, path), typeof content === 'string' ? content : JSON.stringify(content));
    if (path.startsWith('bin/')) await chmod(join(home, path), 0o755);
  }
  const stdio = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const env = { HOME: home, PATH: `${join(home, 'bin')}:/usr/bin:/bin`, XDG_RUNTIME_DIR: join(home, 'run') };
  return storedLogin(host, { ...stdio, env });
}

const alice = { user: 'alice', password: 'a:b' };

test.each([
  ['nobody', {}, undefined],
  ['docker', { '.docker/config.json': { auths: { 'x.test:5000': of('alice', 'a:b') } } }, alice],
  [
    'an old docker',
    { '.docker/config.json': { auths: { 'https://x.test:5000/v1/': of('alice', 'a:b') } } },
    alice,
  ],
  ['podman', { 'run/containers/auth.json': { auths: { 'x.test:5000': of('alice', 'a:b') } } }, alice],
  ['another host', { '.docker/config.json': { auths: { 'x.test': of('alice', 'a:b') } } }, undefined],
  [
    'a token in place of a password',
    { '.docker/config.json': { auths: { 'x.test:5000': { ...of('alice', ''), identitytoken: 't' } } } },
    undefined,
  ],
  [
    'a damaged file, then a good one',
    {
      '.docker/config.json': '{',
      '.config/containers/auth.json': { auths: { 'x.test:5000': of('alice', 'a:b') } },
    },
    alice,
  ],
  [
    'a credential helper',
    {
      '.docker/config.json': { credHelpers: { 'x.test:5000': 'own' }, auths: { 'x.test:5000': {} } },
      'bin/docker-credential-own': `#!/bin/sh
        [ "$1" = get ] && [ "$(cat)" = x.test:5000 ] && echo '{"Username":"alice","Secret":"a:b"}'`,
    },
    alice,
  ],
  [
    'a credential helper that knows nobody',
    {
      '.docker/config.json': { credsStore: 'own' },
      'bin/docker-credential-own': '#!/bin/sh\necho "credentials not found in native keychain"; exit 1',
    },
    undefined,
  ],
  ['a credential helper that is not there', { '.docker/config.json': { credsStore: 'none' } }, undefined],
])('%s', async (_, files, expected) => {
  expect(await found('x.test:5000', files as Record<string, object | string>)).toEqual(expected);
});
