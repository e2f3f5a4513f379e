import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../nginx-compat/index.ts';
import { createLoopback, type Place } from '../support/place.ts';
import type { Outcome } from '../support/process.ts';
import { runDockgate } from '../support/program.ts';

const samples = fileURLToPath(new URL('../support/nginx-files', import.meta.url));

let place: Place;
beforeAll(async () => {
  place = await createLoopback();
});
afterAll(async () => {
  await place.close();
});

const lint = (...argv: readonly string[]): Promise<Outcome> => runDockgate(place, ['nginx', 'lint', ...argv]);

test('says what is wrong, where, and what is right; code 1', async () => {
  const { code, stdout, stderr } = await lint(join(samples, 'classic.conf'));
  expect([code, stderr]).toEqual([1, `dockgate: 3 errors and 3 warnings in ${samples}/classic.conf\n`]);
  expect(stdout).toContain(
    `${samples}/classic.conf:34:9: error: HEAD of a manifest goes to 10.20.0.5:8083, GET to 10.20.0.5:8082: `,
  );
  expect(stdout).toContain('    → proxy_set_header X-Forwarded-Proto $scheme;\n');
});

test('has nothing to say: code 0', async () => {
  await writeFile(
    join(place.folder, 'fine.conf'),
    `location /v2/ { client_max_body_size 0; proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1;
      proxy_read_timeout 15m; proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:5000; }`,
  );
  expect(await lint('fine.conf')).toMatchObject({
    code: 0,
    stdout: 'Nothing is wrong with fine.conf.\n',
    stderr: '',
  });
});

test('prints JSON; hints alone are code 0', async () => {
  await writeFile(
    join(place.folder, 'hint.conf'),
    `location /v2/ { client_max_body_size 0; proxy_buffering off; proxy_read_timeout 15m;
      proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:5000; }`,
  );
  const { code, stdout } = await lint('hint.conf', '--json');
  const { file, findings } = JSON.parse(stdout) as { file: string; findings: readonly Finding[] };
  expect([code, file]).toEqual([0, 'hint.conf']);
  expect(findings).toEqual([
    {
      rule: 'buffering',
      severity: 'hint',
      at: { file: 'hint.conf', line: 2, column: 41 },
      what: expect.stringContaining('uploads are written') as string,
      advice: expect.stringContaining('proxy_request_buffering off;') as string,
    },
  ]);
});

test('cannot read or understand a file: code 2, with line and column', async () => {
  await writeFile(join(place.folder, 'broken.conf'), 'server {\n  listen 80\n}\n');
  expect(await lint('broken.conf')).toMatchObject({
    code: 2,
    stderr:
      'dockgate: broken.conf, line 3, column 1: unexpected "}": "listen" before it is not ended by ";"\n',
  });
  expect(await lint('none.conf')).toMatchObject({
    code: 2,
    stderr: 'dockgate: none.conf, line 1, column 1: there is no such file, or it cannot be read\n',
  });
});
