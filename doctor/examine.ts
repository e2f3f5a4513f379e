import { performance } from 'node:perf_hooks';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { Check } from './check.ts';
import { checks } from './checks/index.ts';
import { Cleanup } from './cleanup.ts';
import { printable, skipped, Trouble, warning, type Finding, type Remark } from './finding.ts';
import { runCheck } from './run-check.ts';
import type { Credentials, LocalData, Visit } from './visit.ts';

/** What to examine, and how. */
export interface Examination {
  /** `https://idocker.io`: scheme, host and port as clients have them. */
  readonly base: URL;
  /** PEM of an authority to trust besides those of this machine. */
  readonly ca?: string | undefined;
  /** Who logs in; asked only when somebody has to. What it throws becomes a finding. */
  readonly credentials?: () => Promise<Credentials | undefined>;
  /** The OCI name to push under. */
  readonly name?: string;
  /** Images to pull, as clients name them behind the host: `quay.io/podman/hello:latest`. */
  readonly images?: readonly string[];
  /** The folders of the gateway, when it runs on this machine. */
  readonly local?: LocalData | undefined;
  /** Port of plain HTTP at the same host. */
  readonly plainPort?: number;
  /** The clock of this machine, in ms since 1970. */
  readonly now?: () => number;
  /** In bytes: what is sent to find limits of size. */
  readonly largeSize?: number;
  /** In ms: how long a transfer rests to find timeouts. */
  readonly pause?: number;
  /** In ms: no check takes longer, whatever its own limit is. */
  readonly limit?: number;
  /** Ends it early; what was pushed is taken back all the same. */
  readonly signal?: AbortSignal;
  /** Told of each check before it runs. */
  readonly onCheck?: (check: string) => void;
  /** Told of each finding as it is made. */
  readonly onFinding?: (finding: Finding) => void;
}

/** In ms. */
const limitOfAll = 600_000;

/** Goes through the address as a client does and says what is wrong with the way; leaves nothing behind. Never throws. */
export async function examine(settings: Examination): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const note = (check: string, ms: number, remark: Remark): void => {
    const finding = { check, ms, ...printable(remark) };
    findings.push(finding);
    settings.onFinding?.(finding);
  };
  const end = AbortSignal.any([
    AbortSignal.timeout(limitOfAll),
    ...(settings.signal ? [settings.signal] : []),
  ]);
  const visit = visitOf(settings, end);
  for (const check of checks) {
    const begun = performance.now();
    settings.onCheck?.(check.name);
    const remarks = end.aborted
      ? [skipped('it was ended early')]
      : await run(check, visit, findings, settings.limit);
    const ms = Math.round(performance.now() - begun);
    for (const remark of remarks) note(check.name, ms, remark);
  }
  settings.onCheck?.('cleanup');
  const begun = performance.now();
  const left = await visit.cleanup.run();
  const ms = Math.round(performance.now() - begun);
  if (left.length > 0) note('cleanup', ms, leftover(left.join('; ')));
  return findings;
}

function visitOf(settings: Examination, signal: AbortSignal): Visit {
  const { base, ca, credentials, name, images, local, plainPort, now, largeSize, pause } = settings;
  return {
    base,
    ca,
    plainPort: plainPort ?? 80,
    // What clients on this machine trust: node's own list, which is the browsers', and the system's.
    trust: createSecureContext({
      ca: [
        ...getCACertificates('default'),
        ...getCACertificates('system'),
        ...(ca === undefined ? [] : [ca]),
      ],
    }),
    credentials: async () => {
      try {
        return await credentials?.();
      } catch (fault) {
        throw new Trouble(
          `no user could be made to log in: ${fault instanceof Error ? fault.message : String(fault)}`,
          'see what the check "data" says of the data folder, or name a user with --user and --password-stdin',
        );
      }
    },
    name: name ?? 'dockgate-doctor/probe',
    images: images ?? [],
    local,
    now: now ?? Date.now,
    largeSize: largeSize ?? 64 * 1024 * 1024,
    pause: pause ?? 5000,
    signal,
    cleanup: new Cleanup(),
    facts: { addresses: [], isDockgate: false, locations: [] },
  };
}

async function run(
  check: Check,
  visit: Visit,
  before: readonly Finding[],
  most: number | undefined,
): Promise<readonly Remark[]> {
  const missing = check.needs.find((need) => isMissing(need, before));
  return missing === undefined ? runCheck(check, visit, most) : [skipped(`it needs "${missing}"`)];
}

function isMissing(need: string, before: readonly Finding[]): boolean {
  return before.some(({ check, level }) => check === need && (level === 'error' || level === 'skipped'));
}

function leftover(what: string): Remark {
  return warning(
    `this could not be taken back: ${what}`,
    'delete it by hand, it is under the name that the check "upload" gives; let the proxy in front pass DELETE on, and give the user the right to delete (Dockgate: "delete" in auth.roles; docker-registry: storage.delete.enabled: true)',
  );
}
