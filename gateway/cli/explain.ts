import { json, text } from 'node:stream/consumers';
import { Command } from 'commander';
import type { Explanation, MemberAnswer } from '../../registry/index.ts';
import { withConfigOptions, type ConfigOptions } from './config-options.ts';
import { inWords } from './failure.ts';
import { askRunning } from './running.ts';
import { table } from './table.ts';
import { inTime } from './units.ts';
import type { World } from './world.ts';

interface ExplainOptions extends ConfigOptions {
  readonly ns?: string;
  readonly json?: boolean;
}

/** What the API answers. */
interface Answer extends Explanation {
  readonly repository: string;
}

/** `dockgate explain`: which member of a group answers an image, from where, and why the others do not. */
export function explainCommand(world: World): Command {
  return withConfigOptions(new Command('explain'))
    .description('say which repository answers an image, from where, and why the others do not')
    .argument('<image>', 'NAME, NAME:TAG or NAME@DIGEST; HOST/ in front says through which host it is read')
    .option('--ns <host>', 'ask as containerd does for a mirror of this registry, such as docker.io')
    .option('--json', 'print JSON')
    .action((image: string, options: ExplainOptions) => inWords(() => explain(image, options, world)));
}

async function explain(image: string, options: ExplainOptions, world: World): Promise<void> {
  const query = new URLSearchParams({ image, ...(options.ns !== undefined && { ns: options.ns }) });
  const body = await askRunning(options, world, {
    method: 'GET',
    path: `/api/v1/explain?${query.toString()}`,
  });
  if (options.json) world.stdout.write(`${await text(body)}\n`);
  else world.stdout.write(inTable((await json(body)) as Answer));
}

function inTable(answer: Answer): string {
  const rows = answer.members.map((each) => [
    each.member,
    each.rule,
    each.answer.replace('-', ' '),
    each.source ?? '-',
    each.age === undefined ? '-' : inTime(each.age),
    each.digest ?? '-',
  ]);
  return `${table(['member', 'rule', 'answer', 'source', 'age', 'digest'], rows)}\n${inSentences(answer)}`;
}

/** Who wins, and what there is to know of the others. */
function inSentences({ image, repository, members, winner }: Answer): string {
  const remarks = members.flatMap(({ member, reason, stale }) => [
    ...(reason === undefined ? [] : [`${member}: ${reason}`]),
    ...(stale === undefined ? [] : [`${member} gives an old copy: ${stale}`]),
  ]);
  const won = members.find(({ member }) => member === winner);
  const silent = members.filter(({ answer }) => answer === 'failed').map(({ member }) => member);
  const but = silent.length === 0 ? '' : `; ${silent.join(' and ')} might, so that a pull ends with an error`;
  const end =
    won === undefined
      ? `Nobody behind ${repository} answers ${image}${but}.`
      : `${won.member} answers ${image}${sourceOf(won)}.`;
  return [...remarks, end, ''].join('\n');
}

function sourceOf({ source, age, stale }: MemberAnswer): string {
  const old = age === undefined ? '' : `, confirmed ${inTime(age)} ago`;
  switch (source) {
    case 'hosted':
      return ' with what was pushed to it';
    case 'cache':
      return ` from its cache${stale === undefined ? old : ', which is out of date'}`;
    case 'upstream':
      return ' from its upstream';
    default:
      return '';
  }
}
