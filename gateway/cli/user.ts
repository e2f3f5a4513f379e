import { Command } from 'commander';
import { openAccounts, type Accounts } from '../../registry/index.ts';
import { grantSettings, openMetadata } from '../engine.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { Failure, inWords } from './failure.ts';
import { readPassword } from './password.ts';
import type { World } from './world.ts';

interface AddOptions extends ConfigOptions {
  readonly role: string[];
  readonly passwordStdin?: boolean;
}

/** `dockgate user …`: the users that the registry keeps itself. A running gateway sees the change at once. */
export function userCommand(world: World): Command {
  const command = new Command('user').description('add, change, list and remove users');
  const sub = (name: string): Command => withConfigOptions(command.command(name));

  sub('add <name>')
    .description('add a user')
    .option(
      '--role <role>',
      'role of the user; may be given several times',
      (role, before: string[]) => [...before, role],
      [],
    )
    .option('--password-stdin', 'read the password from standard input')
    .action((name: string, options: AddOptions) =>
      withAccounts(options, world, async (accounts) => {
        await accounts.addUser({
          name,
          password: await readPassword(world, options.passwordStdin),
          roles: options.role,
        });
        world.stdout.write(`added ${name}\n`);
      }),
    );
  sub('passwd <name>')
    .description('change the password of a user')
    .option('--password-stdin', 'read the password from standard input')
    .action((name: string, options: AddOptions) =>
      withAccounts(options, world, async (accounts) => {
        await accounts.setPassword(name, await readPassword(world, options.passwordStdin));
        world.stdout.write(`changed the password of ${name}\n`);
      }),
    );
  sub('list')
    .description('list the users')
    .option('--json', 'print JSON')
    .action((options: ConfigOptions & { json?: boolean }) =>
      withAccounts(options, world, async (accounts) => {
        const users = await accounts.listUsers();
        const lines = users.map(({ name, roles }) => `${name}\t${roles.join(',')}\n`).join('');
        world.stdout.write(options.json ? `${JSON.stringify(users)}\n` : lines);
      }),
    );
  sub('remove <name>')
    .description('remove a user')
    .action((name: string, options: ConfigOptions) =>
      withAccounts(options, world, async (accounts) => {
        await accounts.removeUser(name);
        world.stdout.write(`removed ${name}\n`);
      }),
    );
  return command;
}

function withAccounts(
  options: ConfigOptions,
  world: World,
  work: (accounts: Accounts) => Promise<void>,
): Promise<void> {
  return inWords(async () => {
    const config = await configOf(options, world);
    const metadata = await openMetadata(config).catch((cause: unknown) => {
      throw new Failure(
        `the metadata in ${config.data} cannot be opened; name the gateway's folder with --data`,
        1,
        cause,
      );
    });
    try {
      await work(openAccounts(metadata, grantSettings(config)));
    } finally {
      await metadata.close();
    }
  });
}
