import type { NginxRequest, Outcome, Reading, Server } from '../reading/index.ts';
import { whereTo, type Listen } from '../reading/index.ts';
import type { ServerName } from '../reading/server.ts';
import type { Probe } from './probes.ts';

/** A name of a server block on the port where its requests are looked at. */
export interface Site {
  readonly server: Server;
  /** What the Host header of the probes says. */
  readonly host: string;
  /** The name as written; undefined for a server without one. */
  readonly name: ServerName | undefined;
  readonly listen: Listen;
  readonly port: number;
}

/** One name of each server on each of its ports; servers that listen on socket files alone have none. */
export function sitesOf({ servers }: Pick<Reading, 'servers'>): readonly Site[] {
  return servers.flatMap((server) =>
    namesOf(server).flatMap(({ host, name }) =>
      server.listens.flatMap((listen) =>
        listen.ports.slice(0, 1).map((port) => ({ server, host, name, listen, port })),
      ),
    ),
  );
}

/** A host that stands for every name; names that cannot be hosts are asked about as something that fits nothing. */
function namesOf({ names }: Server): readonly { host: string; name: ServerName | undefined }[] {
  const all = names.map((name) => ({ host: sampleOf(name.text), name }));
  return all.length > 0 ? all : [{ host: 'localhost', name: undefined }];
}

function sampleOf(text: string): string {
  if (text.startsWith('~') || text === '' || text === '_') return 'localhost';
  return text
    .toLowerCase()
    .replace(/^\*?\./, 'probe.')
    .replace(/\.\*$/, '.example');
}

/** Where a site sends a probe. */
export function ask({ server, host, listen, port }: Site, { method, uri }: Probe): Outcome {
  const standard = listen.ssl ? 443 : 80;
  const request: NginxRequest = {
    method,
    uri,
    scheme: listen.ssl ? 'https' : 'http',
    host: port === standard ? host : `${host}:${port}`,
    port,
  };
  return whereTo(server, request);
}
