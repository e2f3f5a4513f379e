import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contender.ts';
import { startDockerRegistry, type SharedCertificate } from './docker-registry.ts';
import { askManifests } from './manifests.ts';
import { play, type Results, type Setting } from './match.ts';
import { measure, type Sample } from './measure.ts';
import { nginxVersion, startNginx } from './nginx.ts';
import { makeSampleImage } from './sample-image.ts';
import { startServer } from './server.ts';

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));

/** What Dockgate and nginx did with the same backends; the samples of Dockgate first. */
export interface ForwardResults {
  readonly nginx: string;
  /** Pulls and pushes of a blob, to docker-registry. */
  readonly large: Results;
  /** Small answers of an nginx. */
  readonly small: readonly (readonly Sample[])[];
}

/**
 * Measures how Dockgate passes requests on to servers of others, beside nginx with the same certificate. What is behind
 * them runs on the clients' core, so that the one that is measured has its own.
 */
export async function playForward(certificate: SharedCertificate, setting: Setting): Promise<ForwardResults> {
  const { folder, cores, options, say } = setting;
  const home = join(folder, 'forward');
  await mkdir(home);
  const running: { stop: () => Promise<void> }[] = [];
  try {
    const behind = { server: cores.client, client: cores.client };
    const registry = await startDockerRegistry(home, behind);
    running.push(registry);
    const image = makeSampleImage();
    const quick = await startNginx(
      home,
      'quick',
      cores.client,
      `keepalive_requests 1000000; access_log off;
  server { listen 127.0.0.1:$port; location / { default_type ${image.manifest.mediaType}; return 200 '${image.manifest.bytes.toString()}'; } }`,
    );
    running.push(quick.server);
    const backends = { large: registry.url, small: `http://127.0.0.1:${quick.port}` };
    const shared = { certificate, setting, home, registry, backends };
    const contenders: Contender[] = [];
    for (const start of [startForwardingDockgate, startForwardingNginx]) {
      const contender = await start(shared);
      running.push(contender);
      contenders.push(contender);
    }
    const large = await play(contenders, {
      ...setting,
      folder: home,
      options: { ...options, tasks: ['pull', 'push'] },
    });
    const small = contenders.map((): Sample[] => []);
    const load = { image, seconds: options.manifestSeconds, core: cores.client };
    for (let round = 0; round <= options.rounds; round++) {
      for (const [index, contender] of contenders.entries()) {
        const url = contender.url.replace('localhost', '127.0.0.1');
        const sample = await measure(contender, () => askManifests({ ...contender, url }, load));
        say(
          `small ${round}/${options.rounds} ${contender.name}: ${Math.round(sample.requests / sample.seconds)} requests/s, ${(sample.cpuSeconds / sample.seconds).toFixed(2)} of its core`,
        );
        if (round > 0) small[index]?.push(sample);
      }
    }
    return { nginx: await nginxVersion(), large, small };
  } finally {
    for (const each of running.toReversed()) await each.stop();
  }
}

interface Shared {
  readonly certificate: SharedCertificate;
  readonly setting: Setting;
  readonly home: string;
  readonly registry: Contender;
  /** `localhost` leads to the one, `127.0.0.1` to the other. */
  readonly backends: { readonly large: string; readonly small: string };
}

async function startForwardingDockgate({
  certificate: { certificate, key, ca },
  setting: { cores },
  home,
  registry,
  backends: { large, small },
}: Shared): Promise<Contender> {
  const config = join(home, 'dockgate.yaml');
  const settings = {
    hosts: { localhost: { read: large, write: large }, '127.0.0.1': { read: small } },
    listen: { https: 0, http: false },
    tls: { profile: 'files', cert: certificate, key },
    repositories: { 'docker-hosted': { type: 'hosted' } },
  };
  await writeFile(config, JSON.stringify(settings)); // JSON is YAML.
  const logFile = join(home, 'dockgate.log');
  const server = startServer({
    argv: [process.execPath, MAIN, 'serve', '--config', config, '--data', join(home, 'data')],
    core: cores.server,
    logFile,
    env: { DOCKGATE_ADMIN_PASSWORD: randomUUID() },
  });
  try {
    const [, before, after] = await server.waitFor(/"listening".*"port":(\d+)|"port":(\d+).*"listening"/);
    return {
      ...registry,
      name: 'Dockgate',
      version: '',
      url: `https://localhost:${String(before ?? after)}`,
      ca,
      pid: server.pid,
      logFile,
      stop: () => server.stop(),
    };
  } catch (fault) {
    await server.stop();
    throw fault;
  }
}

/** As nginx is recommended for registries: kept connections, nothing buffered, no limit to the size of a body. */
async function startForwardingNginx({
  certificate: { certificate, key, ca },
  setting: { cores },
  home,
  registry,
  backends: { large, small },
}: Shared): Promise<Contender> {
  const block = (name: string, upstream: string, isDefault: boolean): string => `
  upstream ${upstream} { server ${new URL(upstream === 'large' ? large : small).host}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen $port ssl${isDefault ? ' default_server' : ''};
    server_name ${name};
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 0;
    keepalive_requests 1000000;
    location / {
      proxy_pass http://${upstream};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
    }
  }`;
  const http = block('localhost', 'large', true) + block('127.0.0.1', 'small', false);
  const { server, port, logFile } = await startNginx(home, 'front', cores.server, http);
  const url = `https://localhost:${port}`;
  const stop = (): Promise<void> => server.stop();
  return {
    ...registry,
    name: 'nginx',
    version: await nginxVersion(),
    url,
    ca,
    pid: server.pid,
    logFile,
    stop,
  };
}
