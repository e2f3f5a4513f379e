import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { setupBlocks } from '../../web/setup/blocks.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

const registry = 'idocker.test:8443';
const ca = '/usr/local/share/dockgate-ca.crt';
const blocks = setupBlocks({
  registry,
  plain: 'idocker.test:8080',
  fingerprints: [`SHA256:${Array.from({ length: 32 }, () => 'AB').join(':')}`],
  secure: true,
  mirrors: ['docker.io', 'quay.io'],
  anonymous: true,
});

/** What is to be written into the file that a step of a block names. */
function textFor(id: string, file: string): string {
  const step = blocks.find((each) => each.id === id)?.steps.find(({ say }) => say.includes(file));
  if (step?.code === undefined) throw new Error(`no text for ${file} in ${id}`);
  return step.code;
}

test('daemon.json is JSON', () => {
  expect(JSON.parse(textFor('mirror-docker', 'daemon.json'))).toEqual({
    'registry-mirrors': [`https://${registry}`],
  });
});

test('Windows takes over what was compared, whatever else stands in the file', () => {
  const compared = textFor('windows', 'go on only then');
  expect(compared).toMatch(/^\$ca = New-Object [\w.]+X509Certificate2 "(.+)"$/m);
  expect(compared).toContain('ComputeHash($ca.RawData)');
  const [write, importing] = textFor('windows', 'into the store').split('\n');
  const file = '"$env:TEMP\\dockgate-ca.cer"';
  expect(write).toBe(`[IO.File]::WriteAllBytes(${file}, $ca.RawData)`);
  expect(importing).toContain(`Import-Certificate -FilePath ${file} `);
});

test('registries.yaml of k3s is YAML in both its parts, which make one file', () => {
  const text = `${textFor('k3s', 'registries.yaml')}\n${textFor('mirror-k3s', 'registries.yaml')}`;
  const endpoint = [`https://${registry}`];
  expect(parse(text)).toEqual({
    configs: { [registry]: { tls: { ca_file: ca } } },
    mirrors: { 'docker.io': { endpoint }, 'quay.io': { endpoint } },
  });
});

describeWith(['python3'], 'as a reader of TOML sees it', () => {
  let place: Place;
  beforeAll(async () => {
    place = await createLoopback();
  });
  afterAll(() => place.close());
  const toml = async (text: string): Promise<unknown> => {
    const script = 'import json, sys, tomllib; print(json.dumps(tomllib.loads(sys.stdin.read())))';
    const { stdout } = succeeded(await place.run(['python3', '-c', script], { stdin: text }));
    return JSON.parse(stdout) as unknown;
  };

  test('buildkitd.toml is one file from both blocks', async () => {
    const text = `${textFor('buildkit', 'buildkitd.toml')}\n${textFor('mirror-buildkit', 'buildkitd.toml')}`;
    expect(await toml(text)).toEqual({
      registry: {
        [registry]: { ca: [ca] },
        'docker.io': { mirrors: [registry] },
        'quay.io': { mirrors: [registry] },
      },
    });
  });

  test('kind patches the folder of hosts into the configuration of containerd', async () => {
    const cluster = parse(textFor('kind', 'v0.27')) as { kind: string; containerdConfigPatches: string[] };
    expect(cluster).toMatchObject({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4' });
    expect(await toml(cluster.containerdConfigPatches[0] ?? '')).toEqual({
      plugins: { 'io.containerd.grpc.v1.cri': { registry: { config_path: '/etc/containerd/certs.d' } } },
    });
  });

  test('what kind writes into its nodes is a hosts.toml', async () => {
    const written = /printf '(.*)' \|/.exec(textFor('kind', 'each node'))?.[1];
    const { stdout } = succeeded(await place.run(['printf', written ?? '']));
    expect(await toml(stdout)).toEqual({
      server: `https://${registry}`,
      ca: `/etc/containerd/certs.d/${registry}/ca.crt`,
      host: {},
    });
  });

  test('registries.conf and hosts.toml', async () => {
    expect(await toml(textFor('mirror-podman', 'dockgate.conf'))).toMatchObject({
      registry: [
        { prefix: 'docker.io', mirror: [{ location: registry }] },
        { prefix: 'quay.io', mirror: [{ location: `${registry}/quay.io` }] },
      ],
    });
    expect(await toml(textFor('mirror-containerd', 'quay.io/hosts.toml'))).toEqual({
      server: 'https://quay.io',
      host: {
        [`https://${registry}`]: {
          capabilities: ['pull', 'resolve'],
          ca: `/etc/containerd/certs.d/${registry}/dockgate-ca.crt`,
        },
      },
    });
  });
});
