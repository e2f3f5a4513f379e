import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../authority.ts';
import { ADDRESS, createMachine, type Machine } from '../machine.ts';
import { succeeded } from '../process.ts';
import { describeWith, type Need } from '../require-programs.ts';
import { CLIENTS } from './all.ts';
import { UNKNOWN_AUTHORITY, type Client, type Credentials } from './client.ts';

/** The bare hostname of these tests; inside the machine it is ADDRESS. */
const HOST = 'idocker.test';

/** A registry that answers at https://HOST: the CA that clients must trust, and who may push and pull. */
export interface Served {
  readonly ca: string;
  readonly credentials: Credentials;
  /** Blobs that were read since it started; undefined when the registry keeps no log to count in. */
  readonly blobReads?: () => Promise<number>;
}

/** What a client says to a pull without login: each in the words of its own library. */
const REFUSED = /unauthorized|authentication required|no basic auth|authorization failed/i;

/** The trust trap for every real client: `serve` starts the registry at HOST, port 443, inside the machine. */
export function describeTrust(needs: readonly Need[], serve: (machine: Machine) => Promise<Served>): void {
  describe.each(CLIENTS)('$name', (row) => {
    describeWith([...row.needs, ...needs, 'openssl'], 'at a bare hostname', () => {
      const image = `${HOST}/team/app:1`;
      let machine: Machine;
      let served: Served;
      let client: Client;

      beforeAll(async () => {
        machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
        served = await serve(machine);
        client = await row.create(machine);
      });
      afterAll(() => machine.close());

      test('without the CA it refuses the certificate', async () => {
        const pulled = await client.pull(`${HOST}/x:latest`);
        expect(pulled.code).not.toBe(0);
        expect(pulled.stderr).toMatch(UNKNOWN_AUTHORITY);
      });

      test('with the CA of a stranger it refuses the certificate too', async () => {
        const stranger = await createAuthority(machine, 'stranger');
        await client.trust(HOST, stranger.ca);
        const pulled = await client.pull(`${HOST}/x:latest`);
        expect(pulled.code).not.toBe(0);
        expect(pulled.stderr).toMatch(UNKNOWN_AUTHORITY);
      });

      test('with the CA it logs in, pushes, forgets and pulls the same image', async () => {
        await client.trust(HOST, served.ca);
        succeeded(await client.login(HOST, served.credentials));
        const id = await client.make(image, [1000, 2000]);
        expect(await client.id(image)).toBe(id);
        succeeded(await client.push(image));
        succeeded(await client.remove(image));
        expect(await client.id(image)).toBeUndefined();
        const before = await served.blobReads?.();
        succeeded(await client.pull(image));
        expect(await client.id(image)).toBe(id);
        // Two layers and the configuration: what was removed had really left the client's store.
        if (before !== undefined) expect(await served.blobReads?.()).toBe(before + 3);
      });

      test('a client with an empty store and without login is refused', async () => {
        const other = await client.another();
        const pulled = await other.pull(image);
        expect(pulled.code).not.toBe(0);
        expect(pulled.stderr).toMatch(REFUSED);
      });
    });
  });
}
