import type { RequestListener } from 'node:http';
import { createApi, createMetrics, imageReader, prefetchImages, type ReadImage } from './api/index.ts';
import { openCertificates } from './certificates.ts';
import { shownByGateway } from './certificates-shown.ts';
import type { Config } from './config/index.ts';
import { openControl, type Control } from './control/index.ts';
import { createDoors } from './doors.ts';
import { openEngine, type Engine } from './engine.ts';
import { createExternals } from './external/index.ts';
import { createControlFront } from './front.ts';
import type { Listener } from './listener.ts';
import type { Log } from './log.ts';
import { portsOf } from './ports.ts';
import { startPrefetchRounds, type PrefetchRounds } from './prefetch-rounds.ts';
import type { CountRequest } from './request-log.ts';
import { readBackendPem } from './upstream-pem.ts';
import { readUpstreamPem } from './upstream-pem.ts';

/** A gateway that serves. */
export interface Gateway {
  /** Takes no new requests, waits for those under way, and closes everything. */
  stop(): Promise<void>;
}

/** Told of the password of `admin` when one was made up. */
export type OnPassword = (password: string) => void;

/**
 * Puts a gateway together and opens its ports. Throws ConfigErrors, CertificateError, ListenError, or what a store says;
 * then nothing is left open.
 */
export async function startGateway(
  config: Config,
  log: Log,
  adminPassword: string | undefined,
  onPassword: OnPassword,
): Promise<Gateway> {
  const listeners: Listener[] = [];
  const present = (): void => {
    for (const listener of listeners) listener.present(certificates.keyPairs());
  };
  // Before anything is written: a mistake in the configuration must leave no trace.
  const upstreamPem = await readUpstreamPem(config);
  const backendPem = await readBackendPem(config);
  const certificates = await openCertificates(config, log, present);
  const engine = await openEngine(config, upstreamPem, log).catch(async (fault: unknown) => {
    await certificates.stop();
    throw fault;
  });
  const { registry } = engine;
  const externals = createExternals(backendPem, registry, log);
  const stopping = new AbortController();
  const doors = createDoors(config);
  const readImage = imageReader(config, doors);
  const metrics = createMetrics(registry.operator, () => externals.reports());
  const isProxy = (repository: string): boolean => config.repositories.get(repository)?.type === 'proxy';
  const api = createApi({
    operator: registry.operator,
    readImage,
    isProxy,
    metrics,
    certificates: () => shownByGateway(config, certificates),
    stopping: stopping.signal,
  });
  const count: CountRequest = (operation, status) => {
    metrics.count(operation, status);
  };
  let control: Control | undefined;
  try {
    const { generated } = await registry.accounts.ensureAdmin({ password: adminPassword });
    if (generated !== undefined) onPassword(generated);
    control = await controlOf(config, createControlFront({ api, log, count }), log);
    const parts = { engine, api, externals, certificates, doors, log, count };
    for (const open of portsOf(config, parts)) listeners.push(await open());
    // What changed while they were opened.
    present();
    await certificates.order();
  } catch (fault) {
    for (const listener of listeners) listener.destroy();
    await control?.close();
    await externals.close();
    await certificates.stop();
    await engine.close();
    throw fault;
  }
  const rounds = roundsOf(config, engine, readImage, log);
  return {
    async stop() {
      stopping.abort(new Error('the gateway stops'));
      await Promise.all([
        ...listeners.map((listener) => listener.drain()),
        control?.close(),
        rounds?.stop(),
        // Nobody answers port 80 any more, so an order would fail.
        certificates.stop(),
      ]);
      await externals.close();
      await engine.close();
    },
  };
}

/** The socket for commands. A gateway without one serves all the same: not every file system has sockets. */
async function controlOf({ data }: Config, handle: RequestListener, log: Log): Promise<Control | undefined> {
  try {
    return await openControl(data, handle);
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    log.warn('no control socket', {
      reason,
      means: 'commands such as "dockgate explain" do not find this gateway',
    });
    return undefined;
  }
}

function roundsOf(
  { prefetch }: Config,
  { registry, claims }: Engine,
  readImage: ReadImage,
  log: Log,
): PrefetchRounds | undefined {
  if (!prefetch) return undefined;
  const { images, platforms, interval } = prefetch;
  return startPrefetchRounds({
    fetch: (signal) =>
      prefetchImages(
        registry.operator,
        images.map((image) => readImage(image)),
        { platforms, signal },
      ),
    interval,
    claims,
    log,
  });
}
