import { Counter, Gauge, Registry } from 'prom-client';

/** How one address behind a host has done. */
export interface BackendReport {
  readonly host: string;
  readonly url: string;
  readonly isSetAside: boolean;
  /** Answers by their status, and `none` for what got no answer. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** The external registries behind hosts, as metrics. */
export function backendMetrics(reports: readonly BackendReport[]): Registry {
  const register = new Registry();
  // A metric without labels would begin with a 0 of its own.
  if (reports.length === 0) return register;
  const aside = new Gauge({
    name: 'dockgate_backend_set_aside',
    help: '1 while an address behind a host is asked after all others only, because it kept failing.',
    labelNames: ['host', 'url'],
    registers: [register],
  });
  const requests = new Counter({
    name: 'dockgate_backend_requests_total',
    help: 'Requests passed on to an address behind a host, by the status of its answer; none: there was no answer.',
    labelNames: ['host', 'url', 'outcome'],
    registers: [register],
  });
  for (const { host, url, isSetAside, outcomes } of reports) {
    aside.set({ host, url }, isSetAside ? 1 : 0);
    for (const [outcome, count] of outcomes) requests.inc({ host, url, outcome }, count);
  }
  return register;
}
