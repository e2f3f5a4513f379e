import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NginxSyntaxError, parseNginx } from '../../../nginx-compat/parse.ts';
import { freePort } from '../../support/gateway.ts';
import { request } from '../../support/http-request.ts';
import { mainFile } from '../../support/nginx-conf.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';

const server = (inside: string): string => `server { listen 127.0.0.1:80; location / { ${inside} } }`;

/** What stands in `http`, odd in its form and else valid: whether nginx takes it is a matter of its tokens alone. */
const snippets: readonly string[] = [
  server('return 200 plain;'),
  server('return 200 "a b";'),
  server("return 200 'a;b{c}d#e';"),
  server('return 200 "a""b";'),
  server('return 200 "a"b;'),
  server('return 200 a"b;'),
  server('return 200 "never closed;'),
  server("return 200 'never closed;"),
  server('return 200 "a\\"b";'),
  server("return 200 'a\\'b';"),
  server('return 200 a\\;b;'),
  server('return 200 a\\ b;'),
  server('return 200 a#b;'),
  server('return 200 a #b;\n;'),
  server('return 200 a; # comment with } and "\n'),
  server('return 200 a; # comment to the end'),
  server('return 200 ${uri};'),
  server('return 200 a${uri}b;'),
  server('return 200 "${uri}";'),
  server('return 200 $uri;'),
  server('return 200 {;'),
  server('return 200 a}b;'),
  server('return 200 a }'),
  server('return 200 a'),
  server('return 200 a;;'),
  server(';return 200 a;'),
  server('return\n200\r\n\ta\n;'),
  server('"return" 200 a;'),
  server('return 200 "a\nb";'),
  server('return 200 "#";'),
  server('if ($request_method = GET) { return 200; }'),
  server('if ( $request_method = "GET" ) { return 200; }'),
  server('if ($request_method = "GET"){ return 200; }'),
  server('if ($request_method = "GET"x) { return 200; }'),
  server("if ($request_method ~* 'GET'){return 200;}"),
  server('if ($uri ~ a{2}) { return 200; }'),
  server('if ($uri ~ "a{2}") { return 200; }'),
  server('rewrite ^/(.{2})$ /$1;'),
  server('rewrite "^/(.{2})$" /$1;'),
  server('rewrite ^/a\\.b$ /c;'),
  'server{listen 127.0.0.1:80;}',
  'server { listen 127.0.0.1:80; } }',
  'server { listen 127.0.0.1:80; ',
  '}',
  '{ }',
  'server { listen 127.0.0.1:80; location ~ \\.(a|b)$ { return 200; } }',
  'server { listen 127.0.0.1:80; location ~ ^/a{1}$ { return 200; } }',
  'map $uri $x { default 0; ~^/a 1; "b;c" 2; \'d\' "3"; }',
  'map $uri $x { default 0; ~^/a{2} 1; }',
  'map $uri $x { default 0 }',
  'map $uri $x { a${b 1; }',
  'map $uri $x { a${{b 1; }',
  'map $uri $x { a$b{c 1; }',
  `server { listen 127.0.0.1:80; location / { return 200 ${'a'.repeat(4000)}; } }`,
  `server { listen 127.0.0.1:80; location / { return 200 ${'a'.repeat(4200)}; } }`,
  `server { listen 127.0.0.1:80; location / { return 200 "${'a '.repeat(2200)}"; } }`,
  `# ${'-'.repeat(4000)}\n`,
  `# ${'-'.repeat(4200)}\n`,
  `# ${'ä'.repeat(2200)}\n`,
  'include;',
  'include a b;',
  'include nothing/*.conf;',
  'server { include "nothing/[a-z]*"; listen 127.0.0.1:80; }',
  'include nothing { }',
];

/** Words and what is left of them, as `return 200` says it. */
const words: readonly string[] = [
  'plain',
  '"a b"',
  "'a b'",
  '"a\\"b"',
  "'a\\'b'",
  `"it's"`,
  `'say "x"'`,
  'a\\"b',
  'a\\ b',
  'a\\;b',
  'a\\{b',
  'a\\\\b',
  'a\\tb',
  '"a\\nb\\rc"',
  'a\\.b',
  '"a\\.b"',
  "'\\d+\\/'",
  'a"b',
  "a'b'",
  'a#b',
  'a}b',
  '"a;b{c}"',
  '"ä €"',
  '\\#a',
  '"\\\\\\""',
];

function verdict(text: string): string | undefined {
  try {
    parseNginx('nginx.conf', { read: (path) => (path === 'nginx.conf' ? text : undefined), glob: () => [] });
    return undefined;
  } catch (fault) {
    if (fault instanceof NginxSyntaxError) return fault.message;
    throw fault;
  }
}

describeWith(['nginx'], 'tokens beside the real nginx', () => {
  let place: Place;
  beforeAll(async () => {
    place = await createLoopback();
  });
  afterAll(async () => {
    await place.close();
  });

  test.each(snippets)('%s', async (snippet) => {
    const text = mainFile(place, snippet);
    const file = join(place.folder, 'odd.conf');
    await writeFile(file, text);
    const { code, stderr } = await place.run(['nginx', '-t', '-c', file, '-p', place.folder]);
    const ours = verdict(text);
    expect(ours === undefined, `nginx: ${stderr}\nDockgate: ${ours ?? 'fine'}`).toBe(code === 0);
  });

  describe('words', () => {
    test('are what nginx makes of them', async () => {
      const port = await freePort();
      const locations = words.map((word, index) => `location = /${index} { return 200 ${word}; }`);
      const text = mainFile(place, `server { listen 127.0.0.1:${port}; ${locations.join('\n')} }`);
      await writeFile(join(place.folder, 'words.conf'), text);
      const nginx = place.spawn(['nginx', '-c', join(place.folder, 'words.conf'), '-p', place.folder]);
      for (let attempt = 0; attempt < 200; attempt++) {
        const socket = await place.connect('127.0.0.1', port).catch(() => undefined);
        socket?.destroy();
        if (socket) break;
        await sleep(50);
      }
      const { directives } = parseNginx('nginx.conf', { read: () => text, glob: () => [] });
      const inHttp = directives.find(({ name }) => name === 'http')?.block ?? [];
      const inServer = inHttp.find(({ name }) => name === 'server')?.block ?? [];
      const ours = inServer
        .filter(({ name }) => name === 'location')
        .map(({ block = [] }) => block[0]?.args[1]?.text);
      const theirs = [];
      for (const index of words.keys())
        theirs.push((await request(place, `http://127.0.0.1:${port}/${index}`)).body.toString());
      await nginx.stop();
      expect(ours).toEqual(theirs);
    });
  });
});
