import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesOnDisk, lintNginx, parseNginx, translateNginx } from '../../../nginx-compat/index.ts';
import { createAuthority } from '../../support/authority.ts';
import { createMachine, type Machine } from '../../support/machine.ts';
import { describeWith } from '../../support/require-programs.ts';

const FILES = fileURLToPath(new URL('../../support/nginx-files/', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../../docs/nginx-files.md', import.meta.url));

/** Those that certificates of the collection are for. */
const NAMES = ['registry', 'docker', 'mirror', 'nexus', 'repo', 'images', 'hub', 'www.hub', 'old', 'portus']
  .concat('harbor', 'gitlab', '*.registry')
  .map((name) => `${name}.example`);

/** The collection with real certificates, and its main files. */
async function prepare(machine: Machine): Promise<readonly string[]> {
  const folder = join(machine.folder, 'files');
  await cp(FILES, folder, { recursive: true });
  const { cert, key } = await (await createAuthority(machine)).issue(...NAMES);
  for (const certs of [join(folder, 'certs'), join(folder, 'debian-layout', 'certs')]) {
    await mkdir(certs);
    for (const name of ['registry', 'wildcard', 'gitlab', 'images', 'backend-ca', 'clients-ca']) {
      await cp(cert, join(certs, `${name}.crt`));
      await cp(key, join(certs, `${name}.key`));
    }
    await writeFile(join(certs, 'registry.htpasswd'), 'alice:none\n');
  }
  const entries = await readdir(FILES, { withFileTypes: true });
  return entries.map((entry) =>
    entry.isDirectory() ? join(folder, entry.name, 'nginx.conf') : join(folder, entry.name),
  );
}

/** What nginx says to a file, or to the http block that it is the inside of. */
async function tried(machine: Machine, file: string): Promise<string> {
  const { context } = parseNginx(file, filesOnDisk());
  let whole = file;
  if (context === 'http') {
    whole = `${file}.whole`;
    await writeFile(whole, `pid nginx.pid; events {} http { include ${basename(file)}; }`);
  }
  const { code, stderr } = await machine.run(['nginx', '-t', '-p', `${dirname(file)}/`, '-c', whole]);
  const reason = /\[emerg\][^:]*: (.*) in /.exec(stderr)?.[1] ?? stderr;
  return code === 0 ? (stderr.includes('[warn]') ? 'starts, and warns' : 'starts') : `refuses: ${reason}`;
}

async function row(machine: Machine, file: string): Promise<string> {
  const parsed = parseNginx(file, filesOnDisk());
  const { report } = translateNginx(parsed, filesOnDisk(), (name) => join(dirname(file), name));
  const verdicts = ['mapped', 'not-needed', 'unsupported'].map(
    (each) => report.filter(({ verdict }) => verdict === each).length,
  );
  const findings = lintNginx(parsed, filesOnDisk()).filter(({ severity }) => severity !== 'hint');
  const rules = Map.groupBy(findings, ({ rule }) => rule);
  const found = [...rules].map(([rule, { length }]) => (length === 1 ? rule : `${rule} ${length}×`));
  const cells = [shortName(file), await tried(machine, file), ...verdicts, found.join(', ') || 'none'];
  return `| ${cells.join(' | ')} |`;
}

function shortName(file: string): string {
  return basename(file) === 'nginx.conf' ? `${basename(dirname(file))}/nginx.conf` : basename(file);
}

function versionOf(text: string): string | undefined {
  return /nginx[ /](\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** How lines are read whose verdict differs from one nginx to the next. */
const documented = versionOf(await readFile(DOCUMENT, 'utf8').catch(() => ''));
const installed = versionOf(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr);

describeWith(['namespaces', 'nginx', 'openssl'], 'docs/nginx-files.md', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await createMachine();
  });
  afterAll(() => machine.close());

  // Run with `-u` it is written anew.
  test.skipIf(documented !== undefined && documented !== installed)(
    'says what nginx, import and lint make of each file of the collection',
    async () => {
      const rows: string[] = [];
      for (const file of await prepare(machine)) rows.push(await row(machine, file));
      const text = `# Files of nginx that import and lint are held against

The files are in [tests/support/nginx-files](../tests/support/nginx-files), written after what stands in front of Nexus,
Harbor, Artifactory, GitLab, Portus and the plain registry. \`nginx -t\` is that of nginx ${installed ?? ''} (Debian's
nginx-light), with real certificates. Mapped, not needed and not supported are the lists of \`dockgate nginx import\`: their
sum is the number of directives and includes of the file. The last column has the rules by which \`dockgate nginx lint\`
finds errors and warnings. A test holds this table to the truth; \`npx vitest run tests/unit/docs/nginx-files.test.ts -u\`
writes it anew.

| file | nginx -t | mapped | not needed | not supported | lint |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
      const options = await prettier.resolveConfig(DOCUMENT);
      await expect(await prettier.format(text, { ...options, parser: 'markdown' })).toMatchFileSnapshot(
        DOCUMENT,
      );
    },
  );
});
