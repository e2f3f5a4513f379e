import { Command } from 'commander';
import {
  filesOnDisk,
  lintNginx,
  NginxSyntaxError,
  parseNginx,
  type Finding,
  type Parsed,
} from '../../nginx-compat/index.ts';
import { Failure, inWords } from './failure.ts';
import type { World } from './world.ts';

interface LintOptions {
  readonly json?: boolean;
}

/** `dockgate nginx lint`: says what is wrong with an nginx in front of a registry, and what is right. */
export function nginxLintCommand(world: World): Command {
  return new Command('lint')
    .description('say what is wrong with an nginx in front of a registry, line by line')
    .argument(
      '<file>',
      'nginx.conf, a file of conf.d, or the inside of a server block; included files are read too',
    )
    .option('--json', 'print JSON')
    .action((file: string, options: LintOptions) =>
      inWords(() => {
        lint(file, options, world);
        return Promise.resolve();
      }),
    );
}

function lint(file: string, { json }: LintOptions, world: World): void {
  const files = filesOnDisk();
  const parsed = parsedFile(file, files);
  const findings = lintNginx(parsed, files);
  if (json) world.stdout.write(`${JSON.stringify({ file, findings })}\n`);
  else world.stdout.write(inLines(file, parsed, findings));
  const [errors, warnings] = [count(findings, 'error'), count(findings, 'warning')];
  if (errors + warnings > 0)
    throw new Failure(`${plural(errors, 'error')} and ${plural(warnings, 'warning')} in ${file}`);
}

function parsedFile(file: string, files: ReturnType<typeof filesOnDisk>): Parsed {
  try {
    return parseNginx(file, files);
  } catch (fault) {
    if (fault instanceof NginxSyntaxError) throw new Failure(fault.message, 2, fault);
    throw fault;
  }
}

function inLines(file: string, { files }: Parsed, findings: readonly Finding[]): string {
  const read = files.length === 1 ? file : `${file} and ${plural(files.length - 1, 'file')} that it includes`;
  if (findings.length === 0) return `Nothing is wrong with ${read}.\n`;
  return findings
    .map(
      ({ severity, rule, at, what, advice }) =>
        `${at.file}:${at.line}:${at.column}: ${severity}: ${what} [${rule}]\n    → ${advice}\n`,
    )
    .join('');
}

function count(findings: readonly Finding[], severity: string): number {
  return findings.filter((each) => each.severity === severity).length;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
