import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ensureCertificates,
  installTrust,
  trustMachine,
  trustTargets,
  uninstallTrust,
  type TrustClient,
  type TrustReport,
} from '../../../certs/index.ts';

const HOST = 'idocker.io';
let root: string;
let commands: string[];
let pem: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dg-root-'));
  commands = [];
  pem = await certificate('first');
});
afterEach(() => rm(root, { recursive: true }));

async function certificate(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dg-certs-'));
  const served = await ensureCertificates({ directory, profile: 'self-signed', names: [`${name}.test`] });
  await rm(directory, { recursive: true });
  return served.authority ?? '';
}

async function write(path: string, content = '', mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
}

const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** Each file and folder with its kind, its permissions and its content. */
async function tree(): Promise<string[]> {
  const paths = (await readdir(root, { recursive: true })).toSorted();
  return Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(root, path));
      const content = found.isFile() ? await read(path) : '/';
      return `${path} ${(found.mode & 0o777).toString(8)} ${content}`;
    }),
  );
}

function machineHere(): ReturnType<typeof trustMachine> {
  const machine = trustMachine(root);
  const run = (argv: readonly string[]): Promise<void> => {
    commands.push(argv.join(' '));
    return Promise.resolve();
  };
  return { ...machine, run };
}

async function install(
  asked: readonly TrustClient[],
  host = HOST,
  ...pems: readonly string[]
): Promise<TrustReport[]> {
  const machine = machineHere();
  const targets = await trustTargets(machine, asked);
  return installTrust(machine, targets, { host, certificates: pems.length > 0 ? pems : [pem] });
}

const uninstall = async (asked: readonly TrustClient[] = [], host = HOST): Promise<TrustReport[]> =>
  uninstallTrust(machineHere(), host, asked);

describe('what is found', () => {
  const found = async (): Promise<string[]> =>
    (await trustTargets(machineHere(), [])).map(({ store, why }) => `${store.name}: ${why}`);

  test('is told by programs, else by folders; the system store is never taken unasked', async () => {
    expect(await found()).toEqual([]);
    await write('/usr/bin/skopeo');
    await write('/usr/sbin/update-ca-certificates');
    await write('/etc/ca-certificates.conf');
    await mkdir(join(root, '/etc/docker'));
    await write('/usr/local/bin/containerd');
    expect(await found()).toEqual([
      'docker: /etc/docker is here',
      'podman: /usr/bin/skopeo is here',
      'containerd: /usr/local/bin/containerd is here',
    ]);
  });

  test('need not be there when it is asked for, but the system store must be known', async () => {
    expect((await install(['docker'])).map(({ store }) => store)).toEqual(['docker']);
    await expect(install(['system'])).rejects.toThrow('the system store of this machine is not known');
  });
});

test.each(['idocker.io', 'idocker.io:8443', '10.0.0.5', '[fd00::1]:8443'])(
  '%s is a folder as typed',
  async (host) => {
    await install(['docker', 'podman'], host);
    expect(await read(`/etc/docker/certs.d/${host}/ca.crt`)).toBe(pem);
    expect(await read(`/etc/containers/certs.d/${host}/ca.crt`)).toBe(pem);
    await uninstall([], host);
    expect(await tree()).toEqual([]);
  },
);

test('permissions are those that clients of other users need, whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    await install(['docker']);
  } finally {
    process.umask(before);
  }
  const modes = (await tree()).map((line) => line.split(' ', 2).join(' '));
  expect(modes).toContain('etc/docker/certs.d 755');
  expect(modes).toContain(`etc/docker/certs.d/${HOST} 755`);
  expect(modes).toContain(`etc/docker/certs.d/${HOST}/ca.crt 644`);
});

test('what was there comes back byte for byte, also after several installations', async () => {
  await write(`/etc/docker/certs.d/${HOST}/ca.crt`, 'an older one, without a line end', 0o600);
  await write('/etc/containerd/certs.d/other/hosts.toml', 'x');
  const before = await tree();
  await install(['docker', 'containerd']);
  await install(['docker', 'containerd'], HOST, await certificate('second'));
  await install(['docker', 'containerd']);
  expect(await read(`/etc/docker/certs.d/${HOST}/ca.crt`)).toBe(pem);
  await uninstall();
  expect(await tree()).toEqual(before);
  expect(await uninstall()).toEqual([]);
});

test('a link that was there comes back as a link, and what it leads to is not written', async () => {
  await write('/opt/ca.crt', 'shared');
  const path = join(root, `/etc/docker/certs.d/${HOST}/ca.crt`);
  await mkdir(dirname(path), { recursive: true });
  await symlink('../../../../opt/ca.crt', path);
  await install(['docker']);
  expect(await read('/opt/ca.crt')).toBe('shared');
  expect(await readFile(path, 'utf8')).toBe(pem);
  await uninstall();
  expect(await readlink(path)).toBe('../../../../opt/ca.crt');
});

test('what was right already is not ours to take back', async () => {
  await write(`/etc/docker/certs.d/${HOST}/ca.crt`, pem);
  const before = await tree();
  const [report] = await install(['docker']);
  expect(report?.done).toEqual([`/etc/docker/certs.d/${HOST}/ca.crt is as it should be`]);
  await uninstall();
  expect(await tree()).toEqual(before);
});

test('what somebody changed since is left', async () => {
  await install(['docker']);
  await write(`/etc/docker/certs.d/${HOST}/ca.crt`, 'theirs');
  const [report] = await uninstall();
  expect(report?.done[0]).toContain('because somebody changed it since');
  expect(await read(`/etc/docker/certs.d/${HOST}/ca.crt`)).toBe('theirs');
});

test('hosts share folders: the last one takes them along', async () => {
  await install(['docker'], 'a.io');
  await install(['docker'], 'b.io');
  await uninstall([], 'a.io');
  expect(await read('/etc/docker/certs.d/b.io/ca.crt')).toBe(pem);
  await uninstall([], 'b.io');
  expect(await tree()).toEqual([]);
});

test('many at once, on one machine, take turns: nothing of any is lost', async () => {
  await write('/etc/docker/daemon.json', '{}');
  const before = await tree();
  const hosts = Array.from({ length: 12 }, (_, at) => `h${String(at)}.io`);
  await Promise.all(hosts.map((host) => install(['docker', 'podman', 'containerd'], host)));
  for (const host of hosts) expect(await read(`/etc/docker/certs.d/${host}/ca.crt`)).toBe(pem);
  // Half are taken back while the others are installed again.
  await Promise.all(
    hosts.map((host, at) => (at % 2 === 0 ? uninstall([], host) : install(['docker'], host))),
  );
  const left = (await tree()).filter((line) => /^etc\/docker\/certs\.d\/\S+\/ca\.crt /.test(line));
  expect(left).toHaveLength(6);
  await Promise.all(hosts.map((host) => uninstall([], host)));
  expect(await tree()).toEqual(before);
});

test('folders that a setup script made, or still needs, are kept or removed by whoever is last', async () => {
  await install(['docker']);
  await write('/etc/dockgate/setup/podman-b.io', 'x /etc/containers/certs.d/b.io/ca.crt\n');
  await uninstall();
  expect(await read('/etc/dockgate/folders')).toBe('/etc/dockgate\n/etc\n');
  await install(['docker']);
  await rm(join(root, '/etc/dockgate/setup/podman-b.io'));
  await write('/etc/dockgate/folders', `/etc/dockgate/setup\n${await read('/etc/dockgate/folders')}`);
  await uninstall();
  expect(await tree()).toEqual([]);
});

test('one client alone is taken back', async () => {
  await install(['docker', 'podman']);
  await uninstall(['docker']);
  const left = (await tree()).map((line) => line.split(' ', 1)[0]);
  expect(left).toContain(`etc/containers/certs.d/${HOST}/ca.crt`);
  expect(left).not.toContain('etc/docker');
});

describe('containerd', () => {
  const TOML = `/etc/containerd/certs.d/${HOST}/hosts.toml`;

  test('has its hosts.toml merged, and taken apart again when somebody changed it since', async () => {
    await write(TOML, 'server = "https://idocker.io"\n[host."https://m.io"]\n');
    await install(['containerd']);
    expect(await read(TOML)).toContain('[host."https://m.io"]');
    expect(await read(TOML)).toContain(`ca = "/etc/containerd/certs.d/${HOST}/dockgate-ca.crt"`);
    await write(TOML, `${await read(TOML)}# a remark\n`);
    await uninstall();
    expect(await read(TOML)).toBe('server = "https://idocker.io"\n[host."https://m.io"]\n# a remark\n');
  });

  test('has a hosts.toml that nobody else may read kept so, and what stood there', async () => {
    const modes = async (): Promise<string[]> => (await tree()).map((line) => line.split(' ', 2).join(' '));
    const theirs = '[host."https://m.io".header]\n  Authorization = "Basic c2VjcmV0"\n';
    await write(TOML, theirs, 0o600);
    await install(['containerd']);
    expect(await modes()).toContain(`${TOML.slice(1)} 600`);
    expect(await modes()).toContain('etc/dockgate/trust.json 600');
    await install(['containerd'], HOST, await certificate('second'));
    expect(await modes()).toContain(`${TOML.slice(1)} 600`);
    await uninstall();
    expect(await tree()).toContain(`${TOML.slice(1)} 600 ${theirs}`);
  });

  test('is left with the certificate and a word where its hosts.toml is not understood', async () => {
    await write(TOML, 'ca = [\n"/x"\n]\n');
    const [report] = await install(['containerd']);
    expect(report?.restart).toContain('by hand');
    expect(await read(TOML)).toBe('ca = [\n"/x"\n]\n');
  });

  test('keeps it where config_path says, and needs then no restart', async () => {
    const [unset] = await install(['containerd']);
    expect(unset?.restart).toContain('[plugins."io.containerd.grpc.v1.cri".registry]');
    await uninstall();
    await write('/etc/containerd/config.toml', 'version = 2\n  config_path = "/opt/hosts"\n');
    const [set] = await install(['containerd']);
    expect(set?.restart).toMatch(/^no restart/);
    expect(await read(`/opt/hosts/${HOST}/hosts.toml`)).toContain('server = "https://idocker.io"');
  });

  test('keeps it in the first of several folders, and says what containerd 2 makes of them', async () => {
    const config = "version = 3\n  config_path = '/opt/hosts:/etc/x'\n[a]\nconfig_path = ''\n";
    await write('/etc/containerd/config.toml', config);
    const [several] = await install(['containerd']);
    expect(several?.restart).toContain('name /opt/hosts alone and restart containerd');
    expect(await read(`/opt/hosts/${HOST}/hosts.toml`)).toContain('server = "https://idocker.io"');
  });

  test('reads host_port_ before host:port', async () => {
    await mkdir(join(root, '/etc/containerd/certs.d/idocker.io_8443_'), { recursive: true });
    await install(['containerd'], 'idocker.io:8443');
    expect(await read('/etc/containerd/certs.d/idocker.io_8443_/hosts.toml')).toContain('idocker.io:8443');
  });
});

describe('the store of Java on Debian', () => {
  const JAVA = '/etc/ssl/certs/java/cacerts';
  beforeEach(async () => {
    for (const path of ['/usr/sbin/update-ca-certificates', '/etc/ca-certificates.conf', JAVA])
      await write(path);
    await install(['system']);
    commands = [];
  });

  test('loses what it took over', async () => {
    await write('/usr/bin/keytool');
    const [report] = await uninstall();
    const entry = `-keystore ${JAVA} -storepass changeit -alias debian:dockgate-idocker.io-`;
    expect(commands[0]).toBe('update-ca-certificates --fresh');
    expect(commands[1]).toContain(`keytool -list ${entry}`);
    expect(commands[2]).toContain(`keytool -delete ${entry}`);
    expect(report?.done.at(-1)).toBe(`ran ${commands[2] ?? ''}`);
  });

  test('is named with what to run where its tool is missing', async () => {
    const [report] = await uninstall();
    expect(commands).toEqual(['update-ca-certificates --fresh']);
    expect(report?.done.at(-1)).toContain(`keytool -delete -keystore ${JAVA}`);
  });
});

describe.each([
  ['Debian', '/usr/local/share/ca-certificates', 'update-ca-certificates', ' --fresh', ''],
  ['Red Hat', '/etc/pki/ca-trust/source/anchors', 'update-ca-trust', ' extract', ' extract'],
])('the system store of %s', (family, anchors, tool, afterRemoval, after) => {
  test('gets a file for each certificate, and its tool is run', async () => {
    await write(`/usr/bin/${tool}`);
    await mkdir(join(root, anchors), { recursive: true });
    if (family === 'Debian') await write('/etc/ca-certificates.conf');
    const before = await tree();
    const second = await certificate('second');
    await install(['system'], '[fd00::1]:8443', pem, second);
    await install(['system'], '[fd00::1]:8443', pem, second);
    const files = await readdir(join(root, anchors));
    expect(files).toHaveLength(2);
    for (const file of files) expect(file).toMatch(/^dockgate-_fd00__1__8443-[0-9a-f]{8}\.crt$/);
    expect(commands).toEqual([`${tool}${after}`, `${tool}${after}`]);
    await uninstall([], '[fd00::1]:8443');
    expect(commands.at(-1)).toBe(`${tool}${afterRemoval}`);
    expect(await tree()).toEqual(before);
  });
});
