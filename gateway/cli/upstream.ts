import { json, text } from 'node:stream/consumers';
import { Command } from 'commander';
import type { UpstreamReport } from '../../registry/index.ts';
import { withConfigOptions, type ConfigOptions } from './config-options.ts';
import { inWords } from './failure.ts';
import { askRunning } from './running.ts';
import { table } from './table.ts';
import { inBytes } from './units.ts';
import type { World } from './world.ts';

/** `dockgate upstream …`: how the upstreams of a running gateway are, and the switch that keeps it from asking one. */
export function upstreamCommand(world: World): Command {
  const command = new Command('upstream').description('show, block and unblock the upstreams of proxies');
  const sub = (name: string): Command => withConfigOptions(command.command(name));

  sub('list')
    .description('show every upstream')
    .option('--json', 'print JSON')
    .action((options: ConfigOptions & { json?: boolean }) =>
      inWords(async () => {
        const body = await askRunning(options, world, { method: 'GET', path: '/api/v1/upstreams' });
        if (options.json) world.stdout.write(`${await text(body)}\n`);
        else world.stdout.write(inTable((await json(body)) as { upstreams: readonly UpstreamReport[] }));
      }),
    );
  sub('block <name>')
    .description(
      'ask the upstream of this proxy nothing until it is unblocked; what is cached is still served',
    )
    .option('--reason <text>', 'shown to those who ask why')
    .action((name: string, { reason, ...options }: ConfigOptions & { reason?: string }) =>
      inWords(async () => {
        const path = `/api/v1/upstreams/${encodeURIComponent(name)}/block`;
        (await askRunning(options, world, { method: 'POST', path, body: { reason } })).resume();
        world.stdout.write(`blocked ${name}\n`);
      }),
    );
  sub('unblock <name>')
    .description('ask the upstream of this proxy again')
    .action((name: string, options: ConfigOptions) =>
      inWords(async () => {
        const path = `/api/v1/upstreams/${encodeURIComponent(name)}/unblock`;
        (await askRunning(options, world, { method: 'POST', path })).resume();
        world.stdout.write(`unblocked ${name}\n`);
      }),
    );
  return command;
}

function inTable({ upstreams }: { readonly upstreams: readonly UpstreamReport[] }): string {
  const rows = upstreams.flatMap((report) =>
    report.state.urls.map((each, at) => [
      at === 0 ? report.repository : '',
      each.url,
      stateOf(report, each),
      at === 0 && report.state.rateLimit
        ? `${report.state.rateLimit.remaining} of ${report.state.rateLimit.limit}`
        : '-',
      at === 0 ? cacheOf(report.cache) : '-',
    ]),
  );
  return table(['name', 'url', 'state', 'pulls left', 'cache'], rows);
}

function stateOf(
  { offline, blocked }: UpstreamReport,
  { setAside }: UpstreamReport['state']['urls'][number],
): string {
  if (blocked) return `blocked by ${blocked.by}${blocked.reason === '' ? '' : `: ${blocked.reason}`}`;
  if (offline) return 'offline';
  return setAside
    ? `set aside until ${new Date(setAside.until).toISOString()}: ${setAside.failure}`
    : 'asked';
}

function cacheOf({ bytes, limit }: UpstreamReport['cache']): string {
  return limit === undefined ? inBytes(bytes) : `${inBytes(bytes)} of ${inBytes(limit)}`;
}
