import { X509Certificate } from 'node:crypto';
import { inFileName } from './host.ts';
import { inWords } from './sentences.ts';
import type { TrustMachine, TrustStore } from './store.ts';

const NAME = 'system';
const RESTART =
  'programs read the store when they start: restart those that run already (dockerd, containerd, services) and are to trust it';

/** How a family of Linux keeps the authorities that all programs trust. */
export interface SystemFamily {
  /** The folder for authorities of the machine's own. */
  readonly anchors: string;
  /** What takes them over, and what takes away those that are gone. */
  readonly update: readonly string[];
  readonly updateAfterRemoval: readonly string[];
  readonly find: TrustStore['find'];
  /** Removes what the tool leaves behind of a file that is gone, and says so, or what a person has to do. */
  readonly removeRest?: (machine: TrustMachine, path: string) => Promise<string | undefined>;
}

/** The store of a family: one file for each certificate, since the tools want one, and the family's own tool. */
export function systemStore({
  anchors,
  update,
  updateAfterRemoval,
  find,
  removeRest,
}: SystemFamily): TrustStore {
  const run = async ({ run }: TrustMachine, argv: readonly string[]): Promise<string> => {
    await run(argv);
    return `ran ${argv.join(' ')}`;
  };
  return {
    name: NAME,
    find,
    async install(machine, { host, certificates }) {
      const done: string[] = [];
      for (const pem of certificates) {
        const path = `${anchors}/${fileName(host, pem)}`;
        const change = await machine.ledger.write(NAME, host, path, pem);
        done.push(inWords(change, path));
      }
      // Also when nothing changed: whoever wrote it may have been ended before the tool was run.
      done.push(await run(machine, update));
      return { store: NAME, done, restart: RESTART };
    },
    async uninstall(machine, host) {
      const changes = await machine.ledger.takeBack(NAME, host);
      const done = changes.map(({ change, path }) => inWords(change, path));
      if (changes.length > 0) done.push(await run(machine, updateAfterRemoval));
      for (const { path } of changes) {
        const rest = await removeRest?.(machine, path);
        if (rest !== undefined) done.push(rest);
      }
      return { store: NAME, done, restart: RESTART };
    },
  };
}

function fileName(host: string, pem: string): string {
  const short = new X509Certificate(pem).fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase();
  return `dockgate-${inFileName(host)}-${short}.crt`;
}
