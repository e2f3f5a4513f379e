import type { Directive } from '../parse.ts';
import type { Server } from '../reading/index.ts';
import type { Case } from './case.ts';
import type { Judgement } from './decisions.ts';
import type { Fate } from './fates.ts';
import type { Side } from './route.ts';

/** Judges a `server` block by what became of it. */
export function judgeServer(fate: Fate | undefined): Judgement {
  if (fate === undefined)
    return {
      verdict: 'unsupported',
      text: 'it listens on socket files alone: let who uses them go to the port',
    };
  const { hosts, route, failure } = fate;
  if (failure !== undefined) return { verdict: 'unsupported', text: failure };
  if (hosts.length > 0) return { verdict: 'mapped', text: keysOf(hosts) };
  if (route.kind === 'redirect') return { verdict: 'mapped', text: 'listen.http redirects to HTTPS' };
  if (route.kind === 'nothing') return { verdict: 'not-needed', text: `nothing is behind it: ${route.why}` };
  return { verdict: 'unsupported', text: 'why' in route ? route.why : 'none of its names can be a host' };
}

/** Judges a directive of a `server` block that became no host. */
export function judgePartOfServer(server: Server, { fates, nameLine }: Case): Judgement {
  const judged = judgeServer(fates.get(server));
  return judged.verdict === 'unsupported'
    ? { ...judged, text: `part of the server block of ${nameLine(server.at)}, which is not in the result` }
    : judged;
}

/** `hosts.a and hosts.b`. */
export function keysOf(hosts: readonly string[], key = ''): string {
  return hosts.map((host) => `hosts.${host}${key}`).join(' and ');
}

/** Judges an `upstream` block, and its servers with it. */
export function judgeUpstream(directive: Directive, { fates, effects }: Case): Judgement {
  const keys = [...fates.values()].flatMap(({ hosts, route }) => {
    if (hosts.length === 0) return [];
    if (route.kind === 'forward') return leadsTo(route.to, directive) ? [keysOf(hosts, '.forward')] : [];
    if (route.kind !== 'split') return [];
    const read = leadsTo(route.read, directive) ? [keysOf(hosts, '.read')] : [];
    const write = route.write && leadsTo(route.write, directive) ? [keysOf(hosts, '.write')] : [];
    return [...read, ...write];
  });
  if (keys.length > 0) {
    const servers = (directive.block ?? []).filter(({ name }) => name === 'server').length;
    return { verdict: 'mapped', text: keys.join(', ') + (servers > 1 ? orderOf(keys) : '') };
  }
  const effect = effects.beside(directive);
  return effect && !effect.registry && !effect.page && !isNamed(directive, fates)
    ? { verdict: 'not-needed', text: 'nothing leads there' }
    : {
        verdict: 'unsupported',
        text: 'what leads there is not in the result: see the lines that name it',
      };
}

function orderOf(keys: readonly string[]): string {
  const order = '; asked in order, the next when one fails, those that stand by at the end';
  return keys.some((key) => key.endsWith('.write')) ? `${order}; writes go to the first alone` : order;
}

function leadsTo({ outcome }: Side, { at }: Directive): boolean {
  return outcome.upstream?.at === at;
}

/** Whether some `proxy_pass` has its name. */
function isNamed({ args }: Directive, fates: Case['fates']): boolean {
  const name = args[0]?.text ?? '';
  const pass = (directives: readonly Directive[]): boolean =>
    directives.some(
      (each) =>
        (each.name === 'proxy_pass' && each.args[0]?.text.split(/[/:]+/)[1] === name) ||
        pass(each.block ?? []),
    );
  return [...fates.keys()].some(({ scope }) => pass(scope.directives));
}
