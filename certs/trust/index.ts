import { CertificateError } from '../certificate-error.ts';
import { containerd } from './containerd.ts';
import { containers } from './containers.ts';
import { docker } from './docker.ts';
import { Ledger } from './ledger.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { toolRunner } from './run-tool.ts';
import type { ChangingMachine, Trusted, TrustMachine, TrustReport, TrustStore } from './store.ts';
import { systemDebian } from './system-debian.ts';
import { systemRhel } from './system-rhel.ts';

export { confirmedBy, offeredCertificates, type OfferedCertificate } from './bundle.ts';
export { fetchAuthority, type FetchedAuthority } from './fetch-authority.ts';
export { canonicalFingerprint } from './fingerprint.ts';
export { trustHost } from './host.ts';
export type { Trusted, TrustReport, TrustStore } from './store.ts';

/** The kinds of clients that can be told whom to trust. */
export type TrustClient = TrustStore['name'];

/** A client to install for, and why. */
export interface TrustTarget {
  readonly store: TrustStore;
  /** Why it seems to be on the machine, or that it was asked for. */
  readonly why: string;
}

const CLIENTS = [docker, containers, containerd];
const SYSTEMS = [systemDebian, systemRhel];

/** The machine under a folder that stands for `/`. */
export function trustMachine(root: string): TrustMachine {
  return { root, run: toolRunner(root) };
}

/**
 * The clients to install for: those that are asked for, whether they are found or not (they may come later), else
 * every one that is found but the system store, which makes all programs trust it for all names, and so wants to be
 * asked for. Throws a CertificateError when the system store is asked for and is not known.
 */
export async function trustTargets(
  machine: TrustMachine,
  asked: readonly TrustClient[],
): Promise<TrustTarget[]> {
  const targets: TrustTarget[] = [];
  for (const store of CLIENTS) {
    const why = await store.find(machine);
    if (asked.includes(store.name)) targets.push({ store, why: why ?? 'asked for' });
    else if (asked.length === 0 && why !== undefined) targets.push({ store, why });
  }
  if (asked.includes('system')) targets.push(await systemTarget(machine));
  return targets;
}

async function systemTarget(machine: TrustMachine): Promise<TrustTarget> {
  for (const store of SYSTEMS) {
    const why = await store.find(machine);
    if (why !== undefined) return { store, why };
  }
  throw new CertificateError(
    'the system store of this machine is not known: neither update-ca-certificates of the Debian family nor update-ca-trust of the Red Hat family is here. Use the store’s own tool with ca.crt',
  );
}

/** Makes these clients trust, and reports for each; one call at a time on a machine. */
export function installTrust(
  machine: TrustMachine,
  targets: readonly TrustTarget[],
  trusted: Trusted,
): Promise<TrustReport[]> {
  return change(machine, async (changing) => {
    const reports: TrustReport[] = [];
    for (const { store } of targets) reports.push(await store.install(changing, trusted));
    return reports;
  });
}

/** Takes back what was installed for a host, for the clients asked or for all; empty when nothing was. */
export function uninstallTrust(
  machine: TrustMachine,
  host: string,
  asked: readonly TrustClient[],
): Promise<TrustReport[]> {
  return change(machine, async (changing) => {
    const present = changing.ledger
      .storesOf(host)
      .filter((name) => asked.length === 0 || asked.includes(name as TrustClient));
    const reports: TrustReport[] = [];
    for (const name of present) {
      const store = CLIENTS.find((each) => each.name === name) ?? (await systemTarget(machine)).store;
      reports.push(await store.uninstall(changing, host));
    }
    if (reports.length > 0) await changing.ledger.tidy();
    return reports;
  });
}

/** What is remembered is read when the turn has come: whoever was before may have added to it. */
function change<T>(machine: TrustMachine, work: (changing: ChangingMachine) => Promise<T>): Promise<T> {
  return oneAtATime(machine.root, async () => work({ ...machine, ledger: await Ledger.open(machine.root) }));
}
