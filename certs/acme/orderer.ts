import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateError } from '../certificate-error.ts';
import { keepFolder, readKept } from '../keep.ts';
import { unlessLocked } from '../lock.ts';
import { canonicalNames } from '../names.ts';
import type { Occasion } from '../renewal.ts';
import { Accounts } from './account.ts';
import { AccountKey } from './account-key.ts';
import { challengeFolder, clearChallenges } from './challenges.ts';
import { AcmeClient } from './client.ts';
import { orderDue, type Due } from './due.ts';
import { explainFailure, explainName } from './explain.ts';
import { orderCertificate } from './order.ts';
import { AcmeFailure } from './problem.ts';
import { keepSetback, readSetback, setbackAfter, type Setback } from './setback.ts';
import type { AcmeSettings } from './settings.ts';
import { readStored, store } from './stored.ts';
import { Transport } from './transport.ts';

/** What is ordered, and where it is kept. */
export interface OrderSettings {
  /** The folder for certificates. */
  directory: string;
  acme: AcmeSettings;
  /** Hosts; those that cannot be certified are passed over. */
  names: readonly string[];
  now: () => Date;
}

/** Who is told what happens; nothing of it may throw. */
export interface OrderListener {
  /** An order begins. */
  ordering: (due: Due) => void;
  /** There is no certificate; it is tried again at an instant. */
  failed: (reason: string, until: Date) => void;
}

/** Orders certificates for a data folder, one gateway at a time; what it stores is served by whoever looks after the folder. */
export class Orderer {
  readonly #settings: OrderSettings;
  readonly #listener: OrderListener;
  readonly #signal: AbortSignal;
  #setback: Setback | undefined;
  #folder: string | undefined;

  constructor(settings: OrderSettings, listener: OrderListener, signal: AbortSignal) {
    this.#settings = { ...settings, names: canonicalNames(settings.names) };
    this.#listener = listener;
    this.#signal = signal;
  }

  /**
   * Orders when it is due, no pause holds and no other gateway is at it; true when nothing is due any more. A failure is
   * told to the listener and followed by a pause. Throws a CertificateError when the folder cannot be used, or the
   * reason of the signal.
   */
  async look(occasion: Occasion): Promise<boolean> {
    // Now and not when it is needed: made by a command of root, it would shut out a gateway of another user.
    this.#folder ??= await this.#challenges();
    const due = await this.#due(occasion);
    if (due === undefined) return true;
    if (await this.#isHeldUp(due)) return false;
    const folder = this.#folder;
    const done = await unlessLocked(folder, async () => {
      // Another may have ordered, or failed, between the look and the lock.
      const still = await this.#due(occasion);
      if (still === undefined) return true;
      return !(await this.#isHeldUp(still)) && (await this.#attempt(still, folder));
    });
    return done ?? false;
  }

  /**
   * Orders now, whatever is stored and whatever pause holds. Throws a CertificateError that says what is wrong, also when
   * another order is under way.
   */
  async orderNow(): Promise<void> {
    const folder = await this.#challenges();
    for (let tries = 0; tries < 20; tries += 1) {
      if (await unlessLocked(folder, () => this.#orderOnDemand(folder))) return;
      // A gateway that has just started holds the lock for a moment.
      await sleep(100);
    }
    throw new CertificateError('a gateway is ordering a certificate just now: its log says what comes of it');
  }

  async #orderOnDemand(folder: string): Promise<boolean> {
    try {
      const due = await this.#due('demand');
      if (due !== undefined) await this.#orderMost(due, folder);
      return true;
    } catch (fault) {
      throw this.#signal.aborted ? fault : new CertificateError(this.#inWords(fault), { cause: fault });
    }
  }

  async #challenges(): Promise<string> {
    await keepFolder(this.#settings.directory);
    const folder = await challengeFolder(this.#settings.directory);
    // This makes the file that is locked.
    await unlessLocked(folder, () => Promise.resolve());
    return folder;
  }

  async #due(occasion: Occasion, names = this.#settings.names): Promise<Due | undefined> {
    const { directory, acme, now } = this.#settings;
    return orderDue(await readStored(directory), names, acme, { occasion, now: now() });
  }

  async #isHeldUp(due: Due): Promise<boolean> {
    const setback = await this.#lastSetback(due);
    return setback !== undefined && this.#settings.now().getTime() < setback.until;
  }

  /** The one that it had itself counts where the disk cannot keep it. */
  async #lastSetback(due: Due): Promise<Setback | undefined> {
    const kept = await readSetback(this.#settings.directory);
    return [kept, this.#setback].find((each) => each?.of === this.#subject(due));
  }

  async #attempt(due: Due, folder: string): Promise<boolean> {
    this.#listener.ordering(due);
    try {
      await this.#orderMost(due, folder);
      return true;
    } catch (fault) {
      this.#signal.throwIfAborted();
      const { directory, now } = this.#settings;
      const failure = fault instanceof AcmeFailure ? fault : { isJudged: true, retryAt: undefined };
      const before = await this.#lastSetback(due);
      const reason = this.#inWords(fault);
      this.#setback = setbackAfter(before, this.#subject(due), failure, reason, now().getTime());
      // A full disk may be what it failed for.
      await keepSetback(directory, this.#setback).catch(() => undefined);
      this.#listener.failed(reason, new Date(this.#setback.until));
      return false;
    }
  }

  /** Orders what is due; where some of the names fail, the others still get a certificate if they need one. */
  async #orderMost({ names }: Due, folder: string): Promise<void> {
    const { directory } = this.#settings;
    try {
      await this.#order(names, folder);
    } catch (fault) {
      const failed = fault instanceof AcmeFailure ? fault.names : [];
      const rest = names.filter((name) => !failed.includes(name));
      const isWorthIt = failed.length > 0 && rest.length > 0;
      // What was said of the names that failed is what somebody has to know.
      if (isWorthIt && (await this.#due('running', rest))) {
        await this.#order(rest, folder).catch(() => undefined);
      }
      throw fault;
    }
    this.#setback = undefined;
    await keepSetback(directory, undefined);
  }

  async #order(names: readonly string[], folder: string): Promise<void> {
    const { directory, acme, now } = this.#settings;
    await clearChallenges(folder);
    const accounts = new Accounts(directory);
    const key = new AccountKey(await accounts.keyFor(acme));
    const transport = new Transport({
      ca: await this.#trusted(),
      proxyFor: acme.proxyFor,
      signal: this.#signal,
    });
    try {
      const client = new AcmeClient(transport, acme.server.href, key);
      const order = async (): Promise<void> => {
        const account = await accounts.open(client, acme);
        const explain = (name: string, problem: Parameters<typeof explainName>[2]): string =>
          explainName(acme, name, problem);
        const parts = { client, account, challenges: folder, explain, signal: this.#signal };
        await store(directory, await orderCertificate(names, parts), acme.server.href);
      };
      await order().catch(async (fault: unknown) => {
        // A server for tests forgets everything when it starts again; so may others.
        if (!(fault instanceof AcmeFailure) || fault.problem?.type !== 'accountDoesNotExist') throw fault;
        await accounts.forget(acme);
        await order();
      });
    } finally {
      await transport.close();
    }
    const still = await this.#due('running', names);
    if (still !== undefined) {
      // To order again at once would give the same.
      throw new AcmeFailure(
        `${acme.server.host} issued a certificate that would have to be ordered anew at once (${still.reason}): check this machine's clock, ${now().toISOString()}`,
        { isJudged: true },
      );
    }
  }

  async #trusted(): Promise<string | undefined> {
    const { ca } = this.#settings.acme;
    if (ca === undefined) return undefined;
    const text = await readKept(ca);
    if (text?.includes('BEGIN CERTIFICATE') === true) return text;
    const what = text === undefined ? 'does not exist' : 'holds no PEM certificate';
    throw new AcmeFailure(`${ca} ${what}: correct tls.acme.ca`, { isJudged: false });
  }

  #subject({ names }: Due): string {
    return [this.#settings.acme.server.href, ...names].join(' ');
  }

  #inWords(fault: unknown): string {
    if (fault instanceof AcmeFailure) return explainFailure(this.#settings.acme, fault);
    return fault instanceof Error ? fault.message : String(fault);
  }
}
