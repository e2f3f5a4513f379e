import type { Directive } from '../parse.ts';
import { holds } from './condition.ts';
import { expand, matched } from './expand.ts';
import type { Returned } from './outcome.ts';
import { patternOf } from './pattern.ts';
import { known, Undecidable, type Run } from './run.ts';
import { scopeOf, type Scope } from './scope.ts';

/** How the directives of nginx's rewrite module went on: to the next one, or not. */
export type Step = 'next' | 'stop' | Returned;

/** Runs `set`, `if`, `rewrite`, `return` and `break` of a block in the order of the file. Throws Undecidable. */
export function runScript(scope: Scope, run: Run): Step {
  for (const directive of scope.directives) {
    const step = runOne(directive, scope, run);
    if (step !== 'next') return step;
  }
  return 'next';
}

function runOne(directive: Directive, scope: Scope, run: Run): Step {
  switch (directive.name) {
    case 'set':
      assign(directive, run);
      return 'next';
    case 'if':
      return enter(directive, scope, run);
    case 'rewrite':
      return rewrite(directive, run);
    case 'return':
      return giveBack(directive, run);
    case 'break':
      if (run.isChanged) run.hasLocation = false;
      run.isChanged = false;
      return 'stop';
    default:
      return 'next';
  }
}

function assign({ args }: Directive, run: Run): void {
  const name = args[0]?.text.replace(/^\$/, '') ?? '';
  const value = expand(args[1]?.text ?? '', run);
  if ((name === 'args' || name === 'query_string') && typeof value === 'string') run.args = value;
  else run.variables.set(name, value);
}

/** An `if` of a location takes the place of that location, or of an `if` before it; one of a server does not. */
function enter(directive: Directive, scope: Scope, run: Run): Step {
  if (!holds(directive, run)) return 'next';
  const inner = scopeOf('if', directive.block ?? [], directive.at, scope);
  if (isWithinLocation(scope)) run.scope = inner;
  return runScript(inner, run);
}

function isWithinLocation(scope: Scope): boolean {
  return scope.kind === 'if' && scope.parent ? isWithinLocation(scope.parent) : scope.kind === 'location';
}

function rewrite({ args, at }: Directive, run: Run): Step {
  const [source = '', replacement = '', flag] = args.map(({ text }) => text);
  const pattern = patternOf(source, false);
  if ('unsupported' in pattern) throw new Undecidable(pattern.unsupported, at);
  if (!matched(run, pattern.regex, run.path)) return 'next';
  const text = known(expand(replacement, run), at);
  const isAbsolute = /^(https?:\/\/|\$scheme)/.test(replacement);
  if (isAbsolute || flag === 'redirect' || flag === 'permanent') {
    const location = withArgs(text, run.args);
    return { kind: 'return', status: flag === 'permanent' ? 301 : 302, location, scope: run.scope, by: at };
  }
  takePath(text, run);
  if (flag === 'break') run.hasLocation = false;
  run.isChanged = flag !== 'break';
  return flag === undefined ? 'next' : 'stop';
}

function takePath(text: string, run: Run): void {
  const [path = '', ...query] = withArgs(text, run.args).split('?');
  run.path = path;
  run.args = query.join('?');
  run.isUntouched = false;
  run.isInternal = true;
}

/** A `?` at the end keeps the arguments of the request away, others come before them. */
function withArgs(text: string, args: string): string {
  if (text.endsWith('?')) return text.slice(0, -1);
  if (args === '') return text;
  return `${text}${text.includes('?') ? '&' : '?'}${args}`;
}

function giveBack({ args, at }: Directive, run: Run): Returned {
  const [first = '', second] = args.map(({ text }) => text);
  const answer = (status: number, location?: string): Returned => ({
    kind: 'return',
    status,
    ...(location !== undefined && { location }),
    ...(second !== undefined && { hasText: true }),
    scope: run.scope,
    by: at,
  });
  if (!/^\d{3}$/.test(first)) return answer(302, asText(first, run));
  const status = Number(first);
  return [301, 302, 303, 307, 308].includes(status) && second !== undefined
    ? answer(status, asText(second, run))
    : answer(status);
}

function asText(template: string, run: Run): string {
  const value = expand(template, run);
  return typeof value === 'string' ? value : template;
}
