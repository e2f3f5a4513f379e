import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import {
  CertificateError,
  canonicalFingerprint,
  confirmedBy,
  fetchAuthority,
  installTrust,
  trustHost,
  trustMachine,
  trustTargets,
  uninstallTrust,
  type FetchedAuthority,
  type OfferedCertificate,
  type TrustClient,
} from '../../certs/index.ts';
import { Failure, inWords } from './failure.ts';
import { clockSentence, describeOffer, describeReports, offerInJson } from './trust-words.ts';
import type { World } from './world.ts';

interface TrustOptions extends Partial<Record<TrustClient, boolean>> {
  readonly fingerprint?: readonly string[];
  readonly uninstall?: boolean;
  readonly json?: boolean;
  readonly root: string;
}

const CLIENTS: readonly TrustClient[] = ['docker', 'podman', 'containerd', 'system'];

/** `dockgate trust`: makes the clients of this machine trust the certificate of a Dockgate, or takes that back. */
export function trustCommand(world: World): Command {
  return new Command('trust')
    .description('make docker, podman and containerd on this machine trust a Dockgate, or take that back')
    .argument('<host>', 'as in docker login: idocker.io, idocker.io:8443, 10.0.0.5, [fd00::1]:8443')
    .option(
      '--fingerprint <sha256>',
      'trust what has this fingerprint, and ask nothing; may be given several times',
      collect,
    )
    .option('--docker', 'for docker: /etc/docker/certs.d')
    .option('--podman', 'for podman, buildah and skopeo: /etc/containers/certs.d')
    .option('--containerd', 'for containerd and nerdctl: certs.d/HOST/hosts.toml')
    .option('--system', 'for all programs of this machine: the system store')
    .option('--uninstall', 'take back what was installed for this host')
    .option('--json', 'print JSON')
    .addOption(new Option('--root <folder>', 'the folder that stands for /').default('/').hideHelp())
    .addHelpText(
      'after',
      '\nWithout one of the clients: for every one that is found, the system store excepted.',
    )
    .action((host: string, options: TrustOptions) => inWords(() => trust(host, options, world)));
}

function collect(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, given];
}

async function trust(text: string, options: TrustOptions, world: World): Promise<void> {
  const host = typed(trustHost, text);
  const fingerprints = (options.fingerprint ?? []).map((each) => typed(canonicalFingerprint, each));
  const asked = CLIENTS.filter((client) => options[client]);
  const machine = trustMachine(options.root);
  if (options.uninstall) {
    const reports = await uninstallTrust(machine, host, asked);
    print(world, options, { host, stores: reports }, [
      ...describeReports(reports),
      ...(reports.length === 0
        ? [`nothing was installed for ${host} by dockgate trust; nothing was changed`]
        : []),
    ]);
    return;
  }
  const targets = await trustTargets(machine, asked);
  if (targets.length === 0)
    throw new Failure(
      'no docker, podman or containerd is found on this machine: say for whom with --docker, --podman, --containerd or --system',
    );
  const fetched = await fetchAuthority(host);
  say(world, options, describeOffer(fetched));
  const whom = targets.map(({ store, why }) => `  ${store.name} (${why})\n`).join('');
  say(world, options, `for\n${whom}`);
  const certificates = await choose(host, fetched, fingerprints, world);
  const reports = await installTrust(machine, targets, {
    host,
    certificates: certificates.map(({ pem }) => pem),
  });
  const left = fetched.offered.filter((each) => !certificates.includes(each));
  print(world, options, { host, ...offerInJson(fetched, certificates), stores: reports }, [
    ...describeReports(reports),
    ...left.map(
      ({ fingerprint }) =>
        `not trusted: ${fingerprint}, which was offered too; when it is the server's, give it as a second --fingerprint`,
    ),
    ...(asked.length === 0
      ? ['system: left alone; --system makes all programs of this machine trust it']
      : []),
  ]);
}

/** What was typed wrong is wrong usage. */
function typed(parse: (text: string) => string, text: string): string {
  try {
    return parse(text);
  } catch (fault) {
    if (fault instanceof CertificateError) throw new Failure(fault.message, 2, fault);
    throw fault;
  }
}

/** What is to be trusted: by the fingerprints given, else what the person at the terminal says. */
async function choose(
  host: string,
  fetched: FetchedAuthority,
  fingerprints: readonly string[],
  world: World,
): Promise<readonly OfferedCertificate[]> {
  if (fingerprints.length > 0) return confirmed(host, fetched, fingerprints);
  if (!world.stdin.isTTY)
    throw new Failure(
      `there is no terminal to ask at: give --fingerprint with what the server's log or "dockgate certs show" there shows`,
      2,
    );
  const answer = await ask(
    `Is that what the server's log, or "dockgate certs show" there, says? Type yes to trust it, or paste the fingerprint from there to have it compared: [y/N] `,
    world,
  );
  if (/^y(es)?$/i.test(answer)) return fetched.offered;
  // Not what the pages of the same server show: whoever stands in between changes those too.
  const pasted = pastedFingerprint(answer);
  if (pasted !== undefined) return confirmed(host, fetched, [pasted]);
  throw new Failure('nothing was changed');
}

/** What is typed at the terminal; empty when the input ends: who does not answer has not said yes. */
async function ask(question: string, { stdin, stderr }: World): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await Promise.race([lines.question(question), once(lines, 'close').then(() => '')]);
    return answer.trim();
  } finally {
    lines.close();
  }
}

function pastedFingerprint(answer: string): string | undefined {
  try {
    return canonicalFingerprint(answer);
  } catch {
    return undefined;
  }
}

function confirmed(
  host: string,
  fetched: FetchedAuthority,
  fingerprints: readonly string[],
): OfferedCertificate[] {
  const chosen = confirmedBy(fingerprints, fetched.offered);
  if (chosen.length > 0) return chosen;
  throw new Failure(mismatch(host, fetched, fingerprints));
}

function mismatch(
  host: string,
  { address, offered, clock }: FetchedAuthority,
  wanted: readonly string[],
): string {
  const list = (fingerprints: readonly string[]): string =>
    fingerprints.map((each) => `  ${each}\n`).join('');
  return [
    `refused: ${address} gave another certificate than the one you want to trust.\n`,
    `expected\n${list(wanted)}`,
    `received\n${list(offered.map(({ fingerprint }) => fingerprint))}`,
    `Nothing was changed. Either the fingerprint is old (the server has a new authority), or ${host} is another machine here, or somebody stands between you and it. Compare with the server itself: its log at the start, or "dockgate certs show" there.`,
    ...clockSentence(clock, host).map((sentence) => ` ${sentence}`),
  ].join('');
}

/** What is said before the end stays away from JSON. */
function say({ stdout, stderr }: World, { json }: TrustOptions, text: string): void {
  (json ? stderr : stdout).write(text);
}

function print({ stdout }: World, { json }: TrustOptions, value: object, lines: readonly string[]): void {
  stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
}
