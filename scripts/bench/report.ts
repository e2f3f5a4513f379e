import { availableParallelism, cpus, release, totalmem } from 'node:os';
import type { Contender } from './contender.ts';
import type { Cores } from './cores.ts';
import type { Options } from './options.ts';
import type { Line } from './verdict.ts';

/** What the numbers depend on. */
export function machineFacts(
  contenders: readonly Contender[],
  options: Options,
  cores: Cores,
  nginx?: string,
): readonly string[] {
  const servers = contenders.map(({ name, version }) => `${name} ${version}`);
  const versions = nginx === undefined ? servers : [...servers, `nginx ${nginx}`];
  const place =
    cores.server === cores.client
      ? 'shared one core'
      : `had core ${cores.server}, clients had core ${cores.client}`;
  return [
    `${new Date().toISOString().slice(0, 10)}: ${versions.join(', ')}, Node ${process.versions.node}`,
    `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}; servers ${place}`,
    `medians of ${options.rounds} rounds, the servers in turn; manifests for ${options.manifestSeconds} s a round over 32 connections`,
  ];
}

/** A Markdown table with the facts above it. */
export function markdown(
  facts: readonly string[],
  contenders: readonly Contender[],
  lines: readonly Line[],
): string {
  // Some rows have something else to stand beside, and name it.
  const names = contenders.map(({ name }, at) => (at === 0 ? name : `${name}, or as the row says`));
  const head = ['', ...names, 'ratio', 'floor', ''];
  const rows = lines.map(({ quantity, values, digits, ratio, floor }) => [
    quantity,
    ...values.map((value) => value.toFixed(digits)),
    ratio.toFixed(2),
    floor?.text ?? '',
    floor ? (floor.held ? 'held' : '**missed**') : '',
  ]);
  const rule = head.map((_, column) => (column === 0 || column === head.length - 1 ? '---' : '---:'));
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...facts.map((fact) => `- ${fact}`), '', ...table].join('\n');
}
