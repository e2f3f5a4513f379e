import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesOnDisk } from '../../../nginx-compat/disk.ts';
import { parseNginx, type Directive, type NginxFiles, type Parsed } from '../../../nginx-compat/parse.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';

function filesOf(texts: Readonly<Record<string, string>>): NginxFiles {
  return {
    read: (path) => texts[path],
    glob: (pattern) => {
      const [start = '', end = ''] = pattern.split('*');
      return Object.keys(texts)
        .filter((path) => path.startsWith(start) && path.endsWith(end))
        .sort();
    },
  };
}

const parse = (texts: Readonly<Record<string, string>>): Parsed => parseNginx('nginx.conf', filesOf(texts));

function namesOf(directives: readonly Directive[]): readonly unknown[] {
  return directives.map(({ name, block }) => (block ? [name, namesOf(block)] : name));
}

describe('includes', () => {
  test('stand for what they bring, sorted, relative to the folder of the main file', () => {
    const texts = {
      '/etc/nginx/nginx.conf': 'http { include conf.d/*.conf; include /srv/x; }',
      '/etc/nginx/conf.d/b.conf': 'server { include snippets/tls; }',
      '/etc/nginx/conf.d/a.conf': 'map a b { }',
      '/etc/nginx/snippets/tls': 'ssl_protocols TLSv1.2;',
      '/srv/x': 'gzip on;',
    };
    const { directives, files, problems, includes } = parseNginx('/etc/nginx/nginx.conf', filesOf(texts));
    expect(namesOf(directives)).toEqual([['http', [['map', []], ['server', ['ssl_protocols']], 'gzip']]]);
    expect(files.map((file) => file.replace('/etc/nginx/', ''))).toEqual([
      'nginx.conf',
      'conf.d/a.conf',
      'conf.d/b.conf',
      'snippets/tls',
      '/srv/x',
    ]);
    expect(problems).toEqual([]);
    expect(includes.map(({ pattern }) => pattern)).toEqual(['snippets/tls', 'conf.d/*.conf', '/srv/x']);
  });

  test('that bring nothing: a pattern is no problem, a name is one, with its line', () => {
    const { directives, problems, includes } = parse({
      'nginx.conf': 'http {\n  include none/*.conf;\n  include mime.types;\n  gzip on;\n}',
    });
    expect(namesOf(directives)).toEqual([['http', ['gzip']]]);
    expect(problems).toEqual([
      {
        at: { file: 'nginx.conf', line: 3, column: 3 },
        message: '"mime.types" is included, but is not there or cannot be read',
      },
    ]);
    expect(includes[0]?.files).toEqual([]);
  });

  test('in a circle are refused', () => {
    expect(() =>
      parse({ 'nginx.conf': 'include a;', a: 'events {}\ninclude ./b;', b: ' include a;' }),
    ).toThrow('b, line 1, column 2: "a" includes itself');
  });

  test('that double at every step end', () => {
    const texts = Object.fromEntries(
      Array.from({ length: 30 }, (_, step) => [`f${step}`, `include f${step + 1}; include f${step + 1};`]),
    );
    expect(() => parse({ ...texts, 'nginx.conf': 'include f0;' })).toThrow(
      'more than 5000 files are included',
    );
  });

  test('that are deep end', () => {
    const texts = Object.fromEntries(
      Array.from({ length: 80 }, (_, step) => [`f${step}`, `include f${step + 1};`]),
    );
    expect(() => parse({ ...texts, 'nginx.conf': 'include f0;' })).toThrow(
      'more than 50 files include each other',
    );
  });

  test('close no block of the file around them', () => {
    expect(() => parse({ 'nginx.conf': 'http { include a;', a: 'gzip on; }' })).toThrow(
      'a, line 1, column 10: unexpected "}": no block is open here',
    );
  });
});

describe('mistakes say where they are', () => {
  test.each([
    ['http {\r\n  gzip on\r\n}', 'line 3, column 1: unexpected "}": "gzip" before it is not ended by ";"'],
    [
      'http {\n  server {\n',
      'line 2, column 3: the file ends where "}" is missing: the block "server" that begins here is not closed',
    ],
    ['a "b', 'line 1, column 3: the " has no closing "'],
    ['a\n  b c', 'line 2, column 5: "c" is not ended by ";" before the end of the file'],
    ['a "b"c;', 'line 1, column 6: unexpected "c" behind the closing "; a space or ";" is missing'],
    ['a {} ;', 'line 1, column 6: unexpected ";" without a directive before it'],
    ['include a {}', 'line 1, column 1: "include" takes no block and ends with ";"'],
    ['a { '.repeat(101), 'more than 100 blocks in each other'],
  ])('%j', (text, message) => {
    expect(() => parse({ 'nginx.conf': text })).toThrow(message);
  });

  test('and that a file is not there', () => {
    expect(() => parse({})).toThrow(
      'nginx.conf, line 1, column 1: there is no such file, or it cannot be read',
    );
  });
});

test('a byte order mark is a problem, CRLF is none, and columns stay right', () => {
  const { directives, problems } = parse({ 'nginx.conf': '\uFEFFuser x;\r\n\tpid "a\\"b";\r\n' });
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('byte order mark')]);
  expect(directives).toEqual([
    {
      name: 'user',
      args: [{ text: 'x', quoted: false, at: { file: 'nginx.conf', line: 1, column: 6 } }],
      at: { file: 'nginx.conf', line: 1, column: 1 },
    },
    {
      name: 'pid',
      args: [{ text: 'a"b', quoted: true, at: { file: 'nginx.conf', line: 2, column: 6 } }],
      at: { file: 'nginx.conf', line: 2, column: 2 },
    },
  ]);
});

test('blocks of Lua are gone through with their own strings and comments', () => {
  const lua = `local a = "}" -- }\n --[[ } ]] local b = [==[ } ]] ]==] local t = { x = '\\'}' }\n if a then ngx.exit(1) end`;
  const { directives } = parse({ 'nginx.conf': `access_by_lua_block { ${lua} }\ngzip on;` });
  expect(namesOf(directives)).toEqual([['access_by_lua_block', []], 'gzip']);
  expect(() => parse({ 'nginx.conf': 'access_by_lua_block { "}" ' })).toThrow(
    'a block of Lua has no closing "}"',
  );
});

test.each([
  ['events {} http {}', 'main'],
  ['user x;', 'main'],
  ['upstream a {} server {}', 'http'],
  ['map a $b {}', 'http'],
  ['server {}', 'http'],
  ['listen 80; location / {}', 'server'],
  ['location / {}', 'server'],
  ['upstream a {} location / {}', 'server'],
  ['proxy_pass http://a; proxy_set_header A b;', 'location'],
  ['gzip on;', 'http'],
])('%s is the inside of %s', (text, context) => {
  expect(parse({ 'nginx.conf': text }).context).toBe(context);
});

test('megabytes are read', () => {
  const text = `http {\n${'  server { listen 80; location / { return 200 "a b"; } }\n'.repeat(30_000)}}`;
  expect(parse({ 'nginx.conf': text }).directives[0]?.block).toHaveLength(30_000);
});

describe('files on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeFolder();
    await mkdir(join(folder, 'sites', 'deep.d'), { recursive: true });
    for (const name of ['b.conf', 'a.conf', '.hidden.conf', 'a.conf~', 'B.conf', 'deep.d/x'])
      await writeFile(join(folder, 'sites', name), `# ${name}`);
  });
  afterAll(async () => {
    await removeFolder(folder);
  });

  test.each([
    ['sites/*.conf', ['sites/B.conf', 'sites/a.conf', 'sites/b.conf']],
    ['sites/[ab].conf', ['sites/a.conf', 'sites/b.conf']],
    ['sites/[!a].conf', ['sites/B.conf', 'sites/b.conf']],
    ['sites/?.conf*', ['sites/B.conf', 'sites/a.conf', 'sites/a.conf~', 'sites/b.conf']],
    ['sites/.*.conf', ['sites/.hidden.conf']],
    ['*/*.d/*', ['sites/deep.d/x']],
    ['none/*', []],
    ['sites/a.conf/*', []],
  ])('%s', (pattern, found) => {
    expect(filesOnDisk().glob(join(folder, pattern))).toEqual(found.map((name) => join(folder, name)));
  });

  test('a folder or nothing cannot be read', () => {
    const files = filesOnDisk();
    expect(files.read(join(folder, 'sites/a.conf'))).toBe('# a.conf');
    expect(files.read(join(folder, 'sites'))).toBeUndefined();
    expect(files.read(join(folder, 'none'))).toBeUndefined();
  });
});
