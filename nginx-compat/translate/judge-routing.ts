import type { Directive } from '../parse.ts';
import type { Case, Place } from './case.ts';
import type { Judgement } from './decisions.ts';
import { unaskedIn } from './depends.ts';
import { judgeByName } from './judge-by-name.ts';
import { judgePartOfServer, keysOf } from './judge-server.ts';

/** The directives that decide where requests go. */
export const routing: ReadonlySet<string> = new Set(
  'set if rewrite return break proxy_pass limit_except error_page try_files root alias index internal recursive_error_pages'.split(
    ' ',
  ),
);

/** Judges a directive that decides where requests go, by what would be different without it. */
export function judgeRouting(directive: Directive, place: Place, about: Case): Judgement {
  const { server, location } = place;
  if (server === undefined) return judgeByName(directive, place, about);
  const why = about.dropped.get(directive);
  if (why !== undefined)
    return {
      verdict: 'unsupported',
      text: `${why}: Dockgate decides by method, path and host alone and lets such requests through; use the firewall, or keep nginx in front`,
    };
  if (location) return location;
  const fate = about.fates.get(server);
  if (fate === undefined || fate.hosts.length === 0) return judgePartOfServer(server, about);
  if (directive.name === 'if') {
    const strange = judgeCondition(directive, place);
    if (strange) return strange;
  }
  if (isRedirectToHttps(directive)) return { verdict: 'mapped', text: 'listen.http redirects to HTTPS' };
  const effect = about.effects.within(server, directive);
  if (effect === undefined)
    return {
      verdict: 'unsupported',
      text: 'there are too many lines to find out what this one does: look at it yourself',
    };
  const keys = [...(effect.read ? ['.read'] : []), ...(effect.write ? ['.write'] : [])];
  const isForward = fate.route.kind === 'forward';
  if (isForward && (effect.registry || effect.page))
    return { verdict: 'mapped', text: keysOf(fate.hosts, '.forward') };
  if (keys.length > 0)
    return { verdict: 'mapped', text: keys.map((key) => keysOf(fate.hosts, key)).join(', ') };
  if (effect.registry) return { verdict: 'mapped', text: keysOf(fate.hosts) };
  if (effect.page)
    return {
      verdict: 'unsupported',
      text: `${fate.hosts.join(' and ')} answers what clients of registries ask: give the page behind it a host of its own with forward`,
    };
  return { verdict: 'not-needed', text: 'no request of a client of registries depends on it' };
}

/** A condition on more than method, path and host. */
function judgeCondition(directive: Directive, { server }: Place): Judgement | undefined {
  const text = directive.args.map((word) => word.text).join(' ');
  const unasked = server && unaskedIn(text, server);
  if (unasked === undefined) return undefined;
  if (unasked === 'http_user_agent' && text.includes('docker'))
    return { verdict: 'not-needed', text: 'it turns away docker before 1.6, which nobody has any more' };
  if (/^http_x_forwarded_(proto|scheme|ssl)$/.test(unasked))
    return {
      verdict: 'not-needed',
      text: 'Dockgate itself tells the backend the scheme, and believes that of trustedProxies',
    };
  return {
    verdict: 'unsupported',
    text: `Dockgate does not decide by $${unasked}: let the server behind do it, or keep nginx in front`,
  };
}

function isRedirectToHttps(directive: Directive): boolean {
  const returns = directive.name === 'if' ? (directive.block ?? []) : [directive];
  return returns.some(({ name, args }) => {
    const target = name === 'return' ? args.at(-1) : name === 'rewrite' ? args[1] : undefined;
    return target?.text.startsWith('https:') === true;
  });
}
