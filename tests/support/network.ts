import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createMachine, type Machine } from './machine.ts';
import { succeeded } from './process.ts';

/** Machines that reach each other by cable, and nothing else. */
export interface Network extends AsyncDisposable {
  /** Adds a machine with this name and address (IPv4, in 10.99.0.0/16). It sees no file of the others. */
  join(name: string, address: string): Promise<Machine>;
}

/** Makes a bridge in a namespace of its own; the machines know these hostnames. Needs what `createMachine` needs. */
export async function createNetwork(hosts: Readonly<Record<string, string>>): Promise<Network> {
  const bridge = await createMachine({ name: 'bridge', wired: '' });
  const machines: Machine[] = [];
  const close = async (): Promise<void> => {
    for (const machine of machines) await machine.close();
    await bridge.close();
  };
  const setUp = (machine: Machine, ...argv: readonly string[]): Promise<unknown> =>
    machine.run(argv).then(succeeded);
  try {
    await setUp(bridge, 'ip', 'link', 'add', 'bridge', 'type', 'bridge');
    await setUp(bridge, 'ip', 'link', 'set', 'bridge', 'up');
  } catch (fault) {
    await close();
    throw fault;
  }
  return {
    async join(name, address) {
      const machine = await createMachine({ name, wired: address, hosts: { ...hosts, [name]: address } });
      const port = `port${machines.length}`;
      await plug(bridge, port, machine);
      await setUp(bridge, 'ip', 'link', 'set', port, 'master', 'bridge', 'up');
      await setUp(machine, 'ip', 'address', 'add', `${address}/16`, 'dev', 'eth0');
      await setUp(machine, 'ip', 'link', 'set', 'eth0', 'up');
      for (const other of machines) {
        await cover(machine, other.folder);
        await cover(other, machine.folder);
      }
      machines.push(machine);
      return machine;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A cable from the bridge to a machine. Process ids are those that are seen here, so only the network is entered. */
async function plug(bridge: Machine, port: string, machine: Machine): Promise<void> {
  const cable = ['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns'];
  await promisify(execFile)('nsenter', [
    '--target',
    String(bridge.pid),
    '--net',
    ...cable,
    String(machine.pid),
  ]);
}

/** Temporary folders are at the same path everywhere: an empty one hides what is in it. */
async function cover(machine: Machine, folder: string): Promise<void> {
  succeeded(await machine.run(['mount', '-t', 'tmpfs', 'tmpfs', folder]));
}
