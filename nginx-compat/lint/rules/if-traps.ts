import type { Directive } from '../../parse.ts';
import { own, type Location, type Scope } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** What an `if` may hold without taking the place of its location. */
const harmless = new Set(['set', 'rewrite', 'return', 'break', 'if']);

/** An `if` in a location is a location of its own that takes the place of the one around it. */
export const ifTraps: Rule = {
  id: 'if-traps',
  check: ({ server }: Front) => everyLocation(server.locations).flatMap(({ scope }) => traps(scope)),
};

function everyLocation(locations: readonly Location[]): readonly Location[] {
  return locations.flatMap((each) => [each, ...everyLocation(each.locations)]);
}

function traps(scope: Scope): readonly Remark[] {
  const ifs = own(scope, 'if');
  return [...several(ifs), ...headers(ifs, scope), ...tryFiles(ifs, scope)];
}

function rest({ block = [] }: Directive): readonly Directive[] {
  return block.filter(({ name }) => !harmless.has(name));
}

function several(ifs: readonly Directive[]): readonly Remark[] {
  const [first, second] = ifs.filter((each) => rest(each).length > 0);
  if (first === undefined || second === undefined) return [];
  const [name = ''] = rest(first).map((each) => each.name);
  return [
    {
      severity: 'warning',
      at: second.at,
      what: `when this "if" and the one in line ${first.at.line} both hold, only this one counts, and "${name}" there is without effect`,
      advice: 'only "set" a variable in each "if" and use it below, or write a map',
    },
  ];
}

function headers(ifs: readonly Directive[], scope: Scope): readonly Remark[] {
  return ifs.flatMap((each): readonly Remark[] => {
    const inner = rest(each).find(({ name }) => name === 'add_header');
    const [outer] = own(scope, 'add_header');
    if (inner === undefined || outer === undefined) return [];
    return [
      {
        severity: 'warning',
        at: inner.at,
        what: `where this "if" holds, the add_header of line ${outer.at.line} is not sent`,
        advice: 'add_header NAME $variable; a header with an empty value is not sent',
      },
    ];
  });
}

function tryFiles(ifs: readonly Directive[], scope: Scope): readonly Remark[] {
  const [tried] = own(scope, 'try_files');
  const taking = ifs.find((each) => rest(each).length > 0);
  if (tried === undefined || taking === undefined) return [];
  return [
    {
      severity: 'warning',
      at: taking.at,
      what: `where this "if" holds, the try_files of line ${tried.at.line} is without effect`,
      advice: 'only "set" or "return" in an "if"',
    },
  ];
}
