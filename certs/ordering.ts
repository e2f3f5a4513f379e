import { CertificateError } from './certificate-error.ts';
import type { Orderer, OrderListener } from './acme/orderer.ts';
import type { CertificateSettings } from './settings.ts';

/** Orders that a running gateway makes of its own accord. */
export interface Ordering {
  /** Orders no more; what is under way is broken off. Fulfils when nothing is. */
  stop(): Promise<void>;
}

/** Settings with a clock in place of an instant, and how often to look whether something is due, in milliseconds. */
export interface OrderingSettings extends Omit<CertificateSettings, 'now'> {
  now?: (() => Date) | undefined;
  interval?: number | undefined;
}

/** A few small files are read so often. */
const INTERVAL = 5_000;

/**
 * Begins to order what the profile `acme` needs, now and whenever it is due; to be called when port 80 answers. The
 * certificate is stored where keepCertificates finds it.
 */
export async function startOrdering(
  settings: OrderingSettings,
  listener: OrderListener & { refused: (fault: unknown) => void },
): Promise<Ordering> {
  const stopping = new AbortController();
  const orderer = await ordererFor(settings, listener, stopping.signal);
  let isFirst = true;
  let looking: Promise<void> | undefined;
  let refusal = '';
  const look = async (): Promise<void> => {
    try {
      // Removed hosts count only until the first order is settled: another gateway may want them.
      if (await orderer.look(isFirst ? 'start' : 'running')) isFirst = false;
      refusal = '';
    } catch (fault) {
      if (stopping.signal.aborted) return;
      // Told once: it is the same at each look.
      if (String(fault) !== refusal) listener.refused(fault);
      refusal = String(fault);
    }
  };
  const lookUnlessLooking = (): void => {
    looking ??= look().finally(() => (looking = undefined));
  };
  const timer = setInterval(lookUnlessLooking, settings.interval ?? INTERVAL).unref();
  lookUnlessLooking();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort(new Error('the gateway stops'));
      await looking;
    },
  };
}

/** Orders a certificate now. Throws a CertificateError that says why there is none. */
export async function orderNow({ now, ...settings }: CertificateSettings): Promise<void> {
  const clock = now === undefined ? undefined : (): Date => now;
  const listener = { ordering: () => undefined, failed: () => undefined };
  const orderer = await ordererFor({ ...settings, now: clock }, listener, new AbortController().signal);
  await orderer.orderNow();
}

/** What speaks ACME is loaded where it is configured, and nowhere else. */
async function ordererFor(
  { directory, names, acme, now = () => new Date() }: OrderingSettings,
  listener: OrderListener,
  signal: AbortSignal,
): Promise<Orderer> {
  if (acme === undefined) throw new CertificateError('tls.profile: acme needs tls.acme');
  const { Orderer } = await import('./acme/orderer.ts');
  return new Orderer({ directory, names, acme, now }, listener, signal);
}
