import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseNginx } from '../../nginx-compat/parse.ts';
import {
  findServer,
  readNginx,
  whereTo,
  type Outcome,
  type Reading,
} from '../../nginx-compat/reading/index.ts';
import { startEchoServers, type Echo, type EchoServers } from '../support/echo-servers.ts';
import { freePort } from '../support/gateway.ts';
import { oddServers, type OddServer } from '../support/odd-nginx-servers.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly echo: Echo | undefined;
}

interface Sent {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
}

const hostOf = ({ name, as }: OddServer): string => as?.host ?? name.replaceAll(/\W+/g, '-');

function sentOf(text: string): Sent {
  const [line = '', ...fields] = text.split(' | ');
  const [method = '', uri = ''] = line.split(' ');
  const headers = Object.fromEntries(fields.map((field) => field.split(': ') as [string, string]));
  return { method, uri, headers };
}

/** Servers of one port, in their order, with the options of their `listen`. */
const serverNames: readonly (readonly [string, string])[] = [
  ['first.test', ''],
  ['~^(www|api)[.]', ''],
  ['*.a.test', ' default_server'],
  ['*.deep.a.test', ''],
  ['mail.*', ''],
  ['mail.longer.*', ''],
  ['x.a.test', ''],
  ['.dot.test', ''],
  ['~^y', ''],
];

describeWith(['nginx'], 'whereTo beside the real nginx', () => {
  let place: Place;
  let echoes: EchoServers;
  let [port, otherPort, namesPort] = [0, 0, 0];
  let reading: Reading;

  beforeAll(async () => {
    place = await createLoopback();
    echoes = await startEchoServers(3);
    [port, otherPort, namesPort] = [await freePort(), await freePort(), await freePort()];
    const text = configOf();
    reading = readNginx(parseNginx('nginx.conf', { read: () => text, glob: () => [] }));
    await mkdir(join(place.folder, 'empty'));
    await writeFile(join(place.folder, 'nginx.conf'), text);
    const server = place.spawn(['nginx', '-c', join(place.folder, 'nginx.conf'), '-p', place.folder]);
    for (let attempt = 0; attempt < 200; attempt++) {
      const ended = await Promise.race([sleep(50, false), server.ended.then(() => true)]);
      if (ended) throw new Error(`nginx did not start; it printed:\n${server.output()}`);
      const socket = await place.connect(place.address, port).catch(() => undefined);
      socket?.destroy();
      if (socket) return;
    }
  });
  afterAll(async () => {
    await place.close();
    await echoes[Symbol.asyncDispose]();
  });

  function configOf(): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${kind};`,
    );
    const withPorts = (text: string): string =>
      text.replaceAll(
        /(127\.0\.0\.1:|\$port )([ABC])\b/g,
        (_, before: string, letter: string) => `${before}${echoes.ports['ABC'.indexOf(letter)]}`,
      );
    const named = serverNames.map(
      ([name, options]) =>
        `server { listen 127.0.0.1:${namesPort}${options}; server_name ${name}; add_header X-Server "${name}"; return 204; }\n`,
    );
    const servers = oddServers.map(
      (each) =>
        `${each.http ?? ''}\nserver { listen 127.0.0.1:${portOf(each)}; server_name ${each.as?.name ?? hostOf(each)}; ${each.server} }\n`,
    );
    return `daemon off; master_process off; pid ${place.folder}/pid; error_log ${place.folder}/error.log;
      events {}
      http { access_log off; root ${place.folder}/empty; server_names_hash_bucket_size 128; absolute_redirect off;
      ${temporary.join('').replaceAll('_path ', `_path ${place.folder}/`)}
      ${withPorts(servers.join(''))} ${named.join('')} }`;
  }

  function portOf({ isAlone }: OddServer): number {
    return isAlone ? otherPort : port;
  }

  async function ask(host: string, port: number, { method, uri, headers }: Sent): Promise<Answer> {
    const reply = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path: uri,
        headers: { host: `${host}:${port}`, ...headers },
      };
      http
        .request({ ...options, agent: false }, resolve)
        .once('error', reject)
        .end();
    });
    const isEcho = reply.headers.echo === 'yes' && method !== 'HEAD';
    const echo = isEcho ? ((await json(reply)) as Echo) : undefined;
    reply.resume();
    return { status: reply.statusCode ?? 0, location: reply.headers.location, echo };
  }

  /** What the two have in common: where it went, as what, and with which of the headers that are known. */
  function expected(outcome: Outcome): unknown {
    switch (outcome.kind) {
      case 'proxy': {
        const headers = outcome.headers.filter(
          ({ name, value }) => name !== 'Connection' && value !== undefined,
        );
        return {
          backends: outcome.addresses,
          method: outcome.method,
          uri: outcome.uri,
          headers: Object.fromEntries(
            headers.map(({ name, value }) => [name.toLowerCase(), value === '' ? undefined : value]),
          ),
        };
      }
      case 'return':
        return {
          status: outcome.status,
          ...(outcome.location !== undefined && { location: outcome.location }),
        };
      case 'other':
        return { status: 404 };
      case 'unknown':
        return outcome;
    }
  }

  function seen({ status, location, echo }: Answer, outcome: Outcome): unknown {
    if (echo === undefined || outcome.kind !== 'proxy')
      return { status, ...(location !== undefined && { location }), ...(echo && { echo }) };
    const names = outcome.headers.filter(({ name, value }) => name !== 'Connection' && value !== undefined);
    return {
      backends: [`127.0.0.1:${echoes.ports[echo.backend]}`],
      method: echo.method,
      uri: echo.uri,
      headers: Object.fromEntries(
        names.map(({ name }) => [name.toLowerCase(), echo.headers[name.toLowerCase()]]),
      ),
    };
  }

  describe.each(oddServers.map((each) => [each.name, each] as const))('%s', (_, each) => {
    test.each(each.requests)('%s', async (text) => {
      const sent = sentOf(text);
      const [host, port] = [hostOf(each), portOf(each)];
      const server = findServer(reading.servers, port, host);
      if (server === undefined) throw new Error(`no server for ${host}`);
      const headers = Object.fromEntries(
        Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const request = {
        method: sent.method,
        uri: sent.uri,
        scheme: 'http',
        host: `${host}:${port}`,
        port,
        headers,
      } as const;
      const outcome = whereTo(server, { ...request, remote: '127.0.0.1' });
      const answer = await ask(host, port, sent);
      if (sent.method === 'HEAD' && outcome.kind === 'proxy') expect(answer.status).toBe(200);
      else expect(seen(answer, outcome)).toEqual(expected(outcome));
    });
  });

  test.each([
    'first.test',
    'FIRST.test',
    'first.test:80',
    'first.test.',
    'other.test',
    'a.test',
    'b.a.test',
    'c.deep.a.test',
    'x.a.test',
    'mail.org',
    'mail.longer.org',
    'mail.a.test',
    'dot.test',
    'q.dot.test',
    'www.org',
    'api.a.test',
    'y.org',
    '127.0.0.1',
  ])('the server for %s', async (host) => {
    const reply = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: namesPort, headers: { host }, agent: false };
      http.request(options, resolve).once('error', reject).end();
    });
    reply.resume();
    const found = findServer(reading.servers, namesPort, host);
    expect(found?.names[0]?.text).toBe(reply.headers['x-server']);
  });
});
