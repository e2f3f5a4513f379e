import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { ensureOn } from './ensure.ts';
import { renewalOf } from './renewal.ts';
import type { ServedCertificates } from './served.ts';
import type { CertificateSettings } from './settings.ts';
import { filesOf, foldersOf, signatureOf } from './signature.ts';

/** What a running gateway serves, which changes while it runs. */
export interface LiveCertificates {
  /** What is served just now. */
  current(): ServedCertificates;
  /** Looks after the certificates no longer; fulfils when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Who is told what happens; nothing of it may throw. */
export interface LiveListener {
  /** Another certificate, another authority or another way to it is to be served from now on, or there are other warnings. */
  changed: (served: ServedCertificates) => void;
  /**
   * What is there cannot be served; what was served before goes on being served. Told once for each reason, and not of
   * files that somebody is exchanging just now.
   */
  refused: (fault: unknown) => void;
}

/** Settings with a clock in place of an instant, and how often to look, in milliseconds. */
export interface LiveSettings extends Omit<CertificateSettings, 'now'> {
  now?: (() => Date) | undefined;
  interval?: number | undefined;
}

/** Not every file system tells of changes, and a renewal is due without any: looked at so often, in milliseconds. */
const INTERVAL = 5_000;
/** A certificate and its key are written one after the other: so long after the first news is looked, in milliseconds. */
const SETTLED = 150;
/** What ends while nothing else happens, and what is to be warned of, is seen once in so long, in milliseconds. */
const AT_LEAST = 86_400_000;
/** So long after a fault the same files are tried again, in milliseconds. */
const AGAIN = 60_000;

/**
 * Serves the certificates as ensureCertificates makes them, and keeps them: renewed when it is time, exchanged when
 * their files are. Throws a CertificateError when there is nothing to serve at the start.
 */
export async function keepCertificates(
  settings: LiveSettings,
  listener: LiveListener,
): Promise<LiveCertificates> {
  const files = filesOf(atNow(settings));
  // Taken before the files are read: what changes while they are read is news at the first look.
  const signature = await signatureOf(files);
  const served = await ensureOn('start', atNow(settings));
  const keeper = new Keeper(settings, listener, { files, signature, served });
  keeper.start();
  return keeper;
}

function atNow({ now, ...settings }: LiveSettings): CertificateSettings & { now: Date } {
  return { ...settings, now: now?.() ?? new Date() };
}

class Keeper implements LiveCertificates {
  readonly #settings: LiveSettings;
  readonly #listener: LiveListener;
  readonly #files: string[];
  #signature: string;
  #served: ServedCertificates;
  #looked: number;
  #refusal: { message: string; told: boolean; until: number } | undefined;
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();

  constructor(
    settings: LiveSettings,
    listener: LiveListener,
    start: { files: string[]; signature: string; served: ServedCertificates },
  ) {
    this.#settings = settings;
    this.#listener = listener;
    this.#files = start.files;
    this.#signature = start.signature;
    this.#served = start.served;
    this.#looked = atNow(settings).now.getTime();
  }

  current(): ServedCertificates {
    return this.#served;
  }

  start(): void {
    this.#watchers = foldersOf(this.#files).flatMap((folder) => this.#watch(folder));
    this.#timer = setInterval(() => {
      this.#lookSoon();
    }, this.#settings.interval ?? INTERVAL).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
    await this.#look;
  }

  /** A folder that cannot be watched is looked at from time to time all the same. */
  #watch(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#settling ??= setTimeout(() => {
          this.#settling = undefined;
          this.#lookSoon();
        }, SETTLED).unref();
      });
      return [watcher.on('error', () => undefined)];
    } catch {
      return [];
    }
  }

  /** One look after the other. */
  #lookSoon(): void {
    this.#look = this.#look.then(() => this.#lookNow());
  }

  async #lookNow(): Promise<void> {
    const settings = atNow(this.#settings);
    const signature = await signatureOf(this.#files);
    const isNews = signature !== this.#signature;
    if (!isNews && !this.#isDue(settings)) return;
    this.#signature = signature;
    this.#looked = settings.now.getTime();
    try {
      const served = await ensureOn('running', settings);
      this.#refusal = undefined;
      this.#take(served);
    } catch (fault) {
      this.#refuse(fault, isNews);
    }
  }

  #isDue({ profile, now }: CertificateSettings & { now: Date }): boolean {
    if (this.#refusal !== undefined) return !this.#refusal.told || Date.now() >= this.#refusal.until;
    if (Math.abs(now.getTime() - this.#looked) >= AT_LEAST) return true;
    // What was ordered is another's to renew, who stores it where it is seen.
    if (profile === 'files' || (profile === 'acme' && this.#served.authority === undefined)) return false;
    const { takeover } = this.#served;
    return now > renewalOf(this.#served) || (takeover !== undefined && now >= takeover);
  }

  #take(served: ServedCertificates): void {
    const before = this.#served;
    const isSame =
      served.certificate === before.certificate &&
      served.key === before.key &&
      served.authority === before.authority &&
      served.warnings.join() === before.warnings.join();
    this.#served = served;
    if (!isSame) this.#listener.changed(served);
  }

  /** What is wrong with files that have just changed is told when they are still so at the next look. */
  #refuse(fault: unknown, isNews: boolean): void {
    const message = fault instanceof Error ? fault.message : String(fault);
    const wasTold = this.#refusal?.told === true && this.#refusal.message === message;
    if (!wasTold && !isNews) this.#listener.refused(fault);
    this.#refusal = { message, told: wasTold || !isNews, until: Date.now() + AGAIN };
  }
}
