import { freePort, startLocalGateway, type LocalGateway } from '../gateway.ts';
import { createLoopback } from '../place.ts';

/** Sections of dockgate.yaml. */
interface Sections {
  readonly hosts?: object;
  readonly repositories: Readonly<Record<string, object>>;
}

/** A gateway with a plain connector for each of its repositories. `stop` throws when it has logged a fault. */
export async function startTestGateway({ hosts, repositories }: Sections): Promise<LocalGateway> {
  const place = await createLoopback();
  const names = Object.keys(repositories);
  const ports = await Promise.all(names.map(() => freePort()));
  const connectors = Object.fromEntries(ports.map((port, at) => [port, { repository: names[at] }]));
  const first = { 'first.test': { read: names[0] } };
  const gateway = await startLocalGateway(place, { hosts: { ...first, ...hosts }, repositories, connectors });
  return {
    ...gateway,
    async stop() {
      await gateway.stop();
      await place.close();
      const faults = gateway.entries.filter(({ message }) => message === 'request failed');
      if (faults.length > 0) throw new Error(`it logged faults: ${JSON.stringify(faults, null, 1)}`);
    },
  };
}
