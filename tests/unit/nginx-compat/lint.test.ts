import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesOnDisk } from '../../../nginx-compat/disk.ts';
import { lintNginx, rules, type Finding } from '../../../nginx-compat/lint/index.ts';
import { parseNginx } from '../../../nginx-compat/parse.ts';
import { healthy, lintCases } from '../../support/lint-cases.ts';
import { selfSigned } from '../../support/lint-certificates.ts';
import { mainFile } from '../../support/nginx-conf.ts';
import { createLoopback, makeFolder, removeFolder } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  const write = async (name: string, options: Parameters<typeof selfSigned>[0]): Promise<void> => {
    const { cert, key } = await selfSigned(options);
    await writeFile(join(folder, `${name}.crt`), cert);
    await writeFile(join(folder, `${name}.key`), key);
  };
  await write('right', { name: 'registry.example.org' });
  await write('wild', { name: '*.example.org' });
  await write('other', { name: 'other.example.org' });
  await write('expired', { name: 'registry.example.org', days: [-40, -10] });
  await write('future', { name: 'registry.example.org', days: [10, 40] });
  await write('soon', { name: 'registry.example.org', days: [-40, 5] });
  await writeFile(join(folder, 'text.crt'), 'nothing');
});
afterAll(async () => {
  await removeFolder(folder);
});

const right = 'ssl_certificate right.crt; ssl_certificate_key right.key;';

function changed(changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`"${from}" is not in the file`);
    return text.replace(from, () => to);
  }, healthy);
}

async function lint(text: string): Promise<readonly Finding[]> {
  const file = join(folder, 'nginx.conf');
  await writeFile(file, text);
  const files = filesOnDisk();
  return lintNginx(parseNginx(file, files), files);
}

describe('each rule, bad and good', () => {
  test.each(lintCases.map((each) => [each.title, each] as const))(
    '%s',
    async (_, { change, found, line }) => {
      const text = changed([...change, ['TLS', right]]);
      const findings = await lint(text);
      const said = findings.map(({ severity, rule }) => `${severity} ${rule}`);
      expect(said.toSorted(), JSON.stringify(findings, undefined, 1)).toEqual(found.toSorted());
      if (line === undefined) return;
      const first = findings.find(({ rule }) => found[0]?.endsWith(` ${rule}`));
      expect(text.split('\n')[(first?.at.line ?? 0) - 1]).toContain(line);
    },
  );

  test('leaves none out', () => {
    const shown = new Set(lintCases.flatMap(({ found }) => found.map((each) => each.split(' ')[1])));
    const byFiles = 'certificates';
    expect(rules.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([byFiles]);
  });
});

describeWith(['nginx'], 'the files of these tests', () => {
  test('are taken by nginx itself', async () => {
    await using place = await createLoopback();
    const refused: string[] = [];
    for (const { title, change } of lintCases) {
      const tls = right.replaceAll(/right/g, join(folder, 'right'));
      await writeFile(join(place.folder, 'nginx.conf'), mainFile(place, changed([...change, ['TLS', tls]])));
      const argv = ['nginx', '-t', '-c', join(place.folder, 'nginx.conf'), '-p', place.folder];
      const { code, stderr } = await place.run(argv);
      if (code !== 0) refused.push(`${title}: ${stderr}`);
    }
    expect(refused).toEqual([]);
  });
});

describe('certificates', () => {
  const pair = (cert: string, key = cert): string =>
    `ssl_certificate ${cert}.crt; ssl_certificate_key ${key}.key;`;
  test.each([
    ['right', pair('right'), []],
    ['for a wildcard', pair('wild'), []],
    ['for another name', pair('other'), ['error']],
    ['expired', pair('expired'), ['error']],
    ['not yet valid', pair('future'), ['error']],
    ['about to expire', pair('soon'), ['warning']],
    ['with the key of another', pair('right', 'other'), ['error']],
    ['not there', pair('none'), ['error']],
    ['whose key is not there', pair('right', 'none'), ['error']],
    ['no certificate at all', pair('text', 'right'), ['error']],
    ['not given', '', ['error']],
    ['without a key', 'ssl_certificate right.crt;', ['error']],
    [
      'named by a variable',
      'ssl_certificate $ssl_server_name.crt; ssl_certificate_key $ssl_server_name.key;',
      [],
    ],
  ])('%s', async (_, lines, severities) => {
    const findings = await lint(changed([['TLS', lines]]));
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual(
      severities.map((severity) => ['certificates', severity]),
    );
  });
});

describe('which servers are looked at', () => {
  const blog =
    'server { listen 8080; server_name blog.example.org; location / { proxy_pass http://10.0.0.9; } }';
  test('other sites in the same file are left alone', async () => {
    expect(await lint(`${changed([['TLS', right]])}${blog}`)).toEqual([]);
  });
  test('without any sign it is all of them', async () => {
    const found = await lint(blog);
    expect(found.map(({ rule }) => rule)).toContain('body-size');
  });
  test('a file without a registry is told', async () => {
    const found = await lint('server { listen 80; root /srv; }');
    expect(found.map(({ what }) => what)).toEqual([
      'no server passes on "/v2/…", so no registry is behind this file',
    ]);
  });
  test('what could not be read is told', async () => {
    const found = await lint(`include none.conf;\n${changed([['TLS', right]])}`);
    expect(found.map(({ rule, at }) => [rule, at.line])).toEqual([['file', 1]]);
  });
});
