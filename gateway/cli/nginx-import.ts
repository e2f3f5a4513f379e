import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import {
  filesOnDisk,
  NginxSyntaxError,
  parseNginx,
  translateNginx,
  type Translation,
} from '../../nginx-compat/index.ts';
import { Failure, inWords } from './failure.ts';
import type { World } from './world.ts';

interface ImportOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `dockgate nginx import`: makes a dockgate.yaml of an nginx configuration and says what became of each directive. */
export function nginxImportCommand(world: World): Command {
  return new Command('import')
    .description('make a dockgate.yaml of an nginx configuration, and say what became of each directive')
    .argument(
      '<file>',
      'nginx.conf, a file of conf.d, or the inside of a server block; included files are read too',
    )
    .option('--out <file>', 'write the configuration there instead of to standard output')
    .option('--force', 'overwrite it when it is there already')
    .option('--json', 'print configuration and report as one JSON object')
    .action((file: string, options: ImportOptions) => inWords(() => importFile(file, options, world)));
}

async function importFile(
  file: string,
  { out, force = false, json = false }: ImportOptions,
  world: World,
): Promise<void> {
  const translation = translated(file);
  if (out !== undefined) await write(out, translation, force);
  if (json) world.stdout.write(`${JSON.stringify({ file, out, ...translation })}\n`);
  else {
    if (out === undefined) world.stdout.write(translation.yaml);
    world.stderr.write(inLines(translation));
  }
  const missing = translation.report.filter(({ verdict }) => verdict === 'unsupported').length;
  if (missing > 0)
    throw new Failure(`${missing} of ${translation.report.length} lines of ${file} are not supported`);
}

function translated(file: string): Translation {
  const folder = path.dirname(path.resolve(file));
  const files = filesOnDisk();
  try {
    return translateNginx(parseNginx(file, files), files, (name) => path.resolve(folder, name));
  } catch (fault) {
    if (fault instanceof NginxSyntaxError) throw new Failure(fault.message, 2, fault);
    throw fault;
  }
}

async function write(out: string, { yaml, isSecret }: Translation, force: boolean): Promise<void> {
  try {
    const mode = isSecret ? 0o600 : 0o644;
    await writeFile(out, yaml, { flag: force ? 'w' : 'wx', mode });
    // The mode is that of a new file only.
    if (isSecret) await chmod(out, mode);
  } catch (fault) {
    const code = fault instanceof Error && 'code' in fault ? fault.code : undefined;
    if (code === 'EEXIST')
      throw new Failure(`${out} is there already; name another file, or overwrite it with --force`, 2, fault);
    throw new Failure(`${out} cannot be written: ${fault instanceof Error ? fault.message : ''}`, 2, fault);
  }
}

const headings = [
  ['mapped', 'In the configuration'],
  ['not-needed', 'Not needed here'],
  ['unsupported', 'Not supported'],
] as const;

/** The three lists, and what was wrong in the file. */
function inLines({ report, findings }: Translation): string {
  const lists = headings.map(([verdict, heading]) => {
    const lines = report.filter((each) => each.verdict === verdict);
    const body = lines.map(
      ({ at, directive, text }) => `  ${at.file}:${at.line}: ${directive}\n      ${text}\n`,
    );
    return `${heading}: ${lines.length}\n${body.join('')}`;
  });
  const mistakes = findings.map(
    ({ at, what, rule, remains, advice }) =>
      `  ${at.file}:${at.line}: ${what} [${rule}]\n      ${remains ? advice : 'Dockgate does it right'}\n`,
  );
  const faults = mistakes.length === 0 ? [] : [`Wrong in the file: ${mistakes.length}\n${mistakes.join('')}`];
  return [...lists, ...faults].join('\n');
}
