import { dirname, relative } from 'node:path/posix';
import { lintNginx, type Finding } from '../lint/index.ts';
import type { NginxFiles, Parsed, Position } from '../parse.ts';
import { readNginx, type Server } from '../reading/index.ts';
import { Decisions, type Verdict } from './decisions.ts';
import { makeDecidable } from './decidable.ts';
import { Effects } from './effects.ts';
import { routed } from './fates.ts';
import { judgeAll, type Judged } from './judge.ts';
import { makePlan } from './make-plan.ts';
import type { Deciders } from './plan-host.ts';
import { sitesOf } from './sites.ts';
import { writeYaml } from './yaml.ts';

export type { Verdict } from './decisions.ts';

/** A line of the report. */
export interface ReportLine {
  readonly at: Position;
  /** The directive as written, shortened, without passwords. */
  readonly directive: string;
  readonly verdict: Verdict;
  /** What it became, why it is not needed, or what to do. */
  readonly text: string;
}

/** What an nginx configuration became. */
export interface Translation {
  /** A whole dockgate.yaml. */
  readonly yaml: string;
  /** One line for every directive of every file, and for every include. */
  readonly report: readonly ReportLine[];
  /** What was wrong in the file. */
  readonly findings: readonly TranslatedFinding[];
  /** Whether a password stands in it, which others on the machine should not read. */
  readonly isSecret: boolean;
}

/** A mistake in the file. */
export interface TranslatedFinding extends Finding {
  /** Whether it is still there in the result: it lies in what both use, such as a certificate. */
  readonly remains: boolean;
}

/** The rules whose findings another configuration cannot mend. */
const lasting = new Set(['file', 'certificates', 'undecidable', 'paths']);

/**
 * Translates an nginx configuration. Where requests go is found out by following requests of clients through it.
 * `absolute` makes the name of a file absolute, which stands in the configuration.
 */
export function translateNginx(
  parsed: Parsed,
  files: NginxFiles,
  absolute: (path: string) => string,
): Translation {
  const main = parsed.files[0] ?? '';
  const nameLine = ({ file, line }: Position): string => `${relative(dirname(main), file)}:${line}`;
  const compare = (one: Position, other: Position): number => order(parsed, one, other);
  const reading = readNginx(parsed);
  const decidable = reading.servers.map(makeDecidable);
  const servers = decidable.map(({ server }) => server);
  const effects = new Effects(parsed, servers);
  const decisions = new Decisions(parsed.directives);
  const all = routed(sitesOf({ servers }));
  const { plan, fates } = makePlan(all, { decisions, deciders: decidersOf(effects), absolute, nameLine });
  const judged = judgeAll({
    parsed,
    servers: new Map(servers.map((server) => [server.at, server])),
    fates,
    dropped: new Map(decidable.flatMap(({ dropped }) => [...dropped])),
    effects,
    decisions,
    nameLine,
  });
  const title = `Made of ${relative(dirname(main), main)} by dockgate nginx import; each comment names the lines it comes from`;
  return {
    yaml: writeYaml(plan, title, { name: nameLine, compare }),
    report: [...includeLines(parsed), ...judged.map(inReport)].toSorted((one, other) =>
      compare(one.at, other.at),
    ),
    findings: lintNginx(parsed, files)
      .filter(({ severity }) => severity !== 'hint')
      .map((finding) => ({ ...finding, remains: lasting.has(finding.rule) })),
    isSecret: plan.hosts.some(({ password }) => password !== undefined),
  };
}

/** The lines besides `proxy_pass` without which another server would be asked. */
function decidersOf(effects: Effects): Deciders {
  return (server, side) => {
    const found: Position[] = [];
    const look = (directives: Server['scope']['directives']): void => {
      for (const each of directives) {
        if (deciding.has(each.name) && effects.within(server, each)?.[side]) found.push(each.at);
        look(each.block ?? []);
      }
    };
    look(server.scope.directives);
    for (const { at, variable } of server.http.maps.values()) {
      const word = { text: variable, quoted: false, at };
      const directive = { name: 'map', args: [word, word], at };
      if (effects.beside(directive, server)?.[side]) found.push(at);
    }
    return found;
  };
}

const deciding = new Set(['set', 'if', 'rewrite']);

function includeLines({ includes }: Parsed): readonly ReportLine[] {
  return includes.map(({ pattern, files, at }) => {
    const directive = `include ${pattern}`;
    if (files.length > 0)
      return { at, directive, verdict: 'mapped', text: 'its directives are in this list' };
    return /[*?[]/.test(pattern)
      ? { at, directive, verdict: 'not-needed', text: 'no file is there' }
      : {
          at,
          directive,
          verdict: 'unsupported',
          text: 'the file is not there, and what it says is not in the result: put it there and import again',
        };
  });
}

function inReport({ directive: { name, args, at }, verdict, text }: Judged): ReportLine {
  const words = args.map((word) => (word.quoted || word.text === '' ? JSON.stringify(word.text) : word.text));
  const isSecret = name === 'proxy_set_header' && /^(proxy-)?authorization$/i.test(args[0]?.text ?? '');
  const shown = isSecret && words[1] !== '""' ? [words[0] ?? '', '…'] : words;
  const whole = [name, ...shown].join(' ');
  return { at, directive: whole.length > 80 ? `${whole.slice(0, 79)}…` : whole, verdict, text };
}

/** File after file in the order in which they were read, line after line. */
function order({ files }: Parsed, one: Position, other: Position): number {
  return (
    files.indexOf(one.file) - files.indexOf(other.file) || one.line - other.line || one.column - other.column
  );
}
