import { findProgram, isThere } from './found.ts';
import { newHostsToml, withCa, withoutCa } from './hosts-toml.ts';
import { inWords } from './sentences.ts';
import type { ChangingMachine, TrustStore } from './store.ts';

const NAME = 'containerd';
const CONFIG = '/etc/containerd/config.toml';
const FOLDER = '/etc/containerd/certs.d';
const NO_RESTART = 'no restart: containerd reads hosts.toml at each push and pull';

/** containerd's folder of hosts; read by its CRI plugin when `config_path` names it, by nerdctl always. */
export const containerd: TrustStore = {
  name: NAME,
  async find({ root }) {
    const program = await findProgram(root, 'containerd');
    if (program !== undefined) return `${program} is here`;
    return (await isThere(root, '/etc/containerd')) ? '/etc/containerd is here' : undefined;
  },
  async install(machine, { host, certificates }) {
    const { ledger } = machine;
    const { folder, restart } = await readConfig(machine);
    const place = `${folder}/${await nameOfFolder(machine, folder, host)}`;
    const [ca, toml] = [`${place}/dockgate-ca.crt`, `${place}/hosts.toml`];
    const done = [inWords(await ledger.write(NAME, host, ca, certificates.join('')), ca)];
    const original = await ledger.original(toml);
    const content = original === undefined ? newHostsToml(host, ca) : withCa(original, host, ca);
    if (content === undefined) {
      const byHand = `in ${toml}, add "${ca}" to "ca" by hand: what is there is not understood, and was left as it is`;
      return { store: NAME, done, restart: byHand };
    }
    done.push(inWords(await ledger.write(NAME, host, toml, content, withoutCa), toml));
    return { store: NAME, done, restart };
  },
  async uninstall({ ledger }, host) {
    const changes = await ledger.takeBack(NAME, host, withoutCa);
    return {
      store: NAME,
      done: changes.map(({ change, path }) => inWords(change, path)),
      restart: NO_RESTART,
    };
  },
};

/** containerd looks for `host_port_` before `host:port`, so one that is there wins. */
async function nameOfFolder({ root }: ChangingMachine, folder: string, host: string): Promise<string> {
  const other = host.replace(/:(\d+)$/, '_$1_');
  return (await isThere(root, `${folder}/${other}`)) ? other : host;
}

/** The folder that config.toml names, the first of several, and what is to be done when it names none or several. */
async function readConfig({ ledger }: ChangingMachine): Promise<{ folder: string; restart: string }> {
  const config = (await ledger.read(CONFIG)) ?? '';
  const named = /^\s*config_path\s*=\s*["'](\/[^"':]*)(:?)/m.exec(config);
  if (named === null) return { folder: FOLDER, restart: howToName(config) };
  const folder = (named[1] ?? FOLDER).replace(/\/+$/, '');
  return { folder, restart: named[2] === '' ? NO_RESTART : nameOneFolder(folder) };
}

function howToName(config: string): string {
  const old = `[plugins."io.containerd.grpc.v1.cri".registry]`;
  const present = `[plugins.'io.containerd.cri.v1.images'.registry]`;
  const version = /^\s*version\s*=\s*(\d)/m.exec(config)?.[1];
  const table = version === '3' ? present : version === '2' ? old : `${old} (with version = 3: ${present})`;
  return `for Kubernetes, put config_path = "${FOLDER}" under ${table} in ${CONFIG} and restart containerd; nerdctl reads the folder as it is, and ctr with --hosts-dir ${FOLDER}`;
}

/** The default of containerd 2.2 is such a list. https://github.com/containerd/containerd/issues/12415 */
function nameOneFolder(folder: string): string {
  return `${CONFIG} names several folders as config_path, which containerd 2.1 and 2.2 take for one when Kubernetes pulls: with those, name ${folder} alone and restart containerd; containerd 1 needs no restart`;
}
