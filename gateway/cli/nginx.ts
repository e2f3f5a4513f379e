import { Command } from 'commander';
import { nginxExportCommand } from './nginx-export.ts';
import { nginxImportCommand } from './nginx-import.ts';
import { nginxLintCommand } from './nginx-lint.ts';
import type { World } from './world.ts';

/** `dockgate nginx …`: what has to do with files of nginx. */
export function nginxCommand(world: World): Command {
  return new Command('nginx')
    .description('read, check and write files of nginx')
    .addCommand(nginxImportCommand(world))
    .addCommand(nginxLintCommand(world))
    .addCommand(nginxExportCommand(world));
}
