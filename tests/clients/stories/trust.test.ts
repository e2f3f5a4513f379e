import { createDockgate } from '../../support/dockgate.ts';
import { readLog } from '../../support/dockgate-log.ts';
import { describeTrust } from '../../support/clients/trust-suite.ts';

describeTrust([], async (machine) => {
  const dockgate = await createDockgate(machine);
  const log = readLog(dockgate);
  const blobReads = async (): Promise<number> =>
    (await log.requests()).filter(
      ({ method, operation, status }) => method === 'GET' && operation === 'blob-get' && status === 200,
    ).length;
  return { ca: dockgate.ca, credentials: dockgate.credentials, blobReads };
});
