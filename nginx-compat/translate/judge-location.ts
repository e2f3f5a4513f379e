import type { Directive } from '../parse.ts';
import type { Server } from '../reading/index.ts';
import type { Case } from './case.ts';
import type { Judgement } from './decisions.ts';
import { pageProbes } from './probes.ts';
import { judgePartOfServer, keysOf } from './judge-server.ts';
import { sideOf, type Route } from './route.ts';
import { ask, sitesOf } from './sites.ts';

/** Judges a `location`: that of the registry, that of the page, or one that the result does not have. */
export function judgeLocation(directive: Directive, server: Server, about: Case): Judgement {
  const fate = about.fates.get(server);
  if (fate === undefined || fate.hosts.length === 0) return judgePartOfServer(server, about);
  const { hosts, route } = fate;
  const path = pathOf(directive);
  if (/^\^?[~*\s]*\/?\(?(v1|_ping)\b/.test(path) && !path.includes('v2'))
    return {
      verdict: 'not-needed',
      text: 'Dockgate passes /v1/ on as it does /v2/, and clients of today do not need it',
    };
  const effect = about.effects.within(server, directive);
  if (route.kind === 'split' && effect?.registry) {
    const page = effect.page ? pageOf(server, route) : undefined;
    if (page === undefined) return { verdict: 'mapped', text: keysOf(hosts) };
    const text = `${keysOf(hosts)} for clients of registries; browsers were led to ${page} through it: give that a host of its own with forward`;
    return { verdict: 'unsupported', text };
  }
  if (route.kind === 'forward' && (effect?.registry || effect?.page) && leadsThere(directive, server, route))
    return { verdict: 'mapped', text: keysOf(hosts, '.forward') };
  if (route.kind === 'forward' && leadsThere(directive, server, route))
    return { verdict: 'mapped', text: keysOf(hosts, '.forward') };
  return leftOut(directive, hosts);
}

/** The server that browsers get to where it is none of those that clients of registries get to. */
function pageOf(server: Server, { read, write }: Extract<Route, { kind: 'split' }>): string | undefined {
  const [site] = sitesOf({ servers: [server] });
  const home = site && ask(site, pageProbes.home);
  const side = home?.kind === 'proxy' ? sideOf(home, pageProbes.home) : undefined;
  const [url] = side && 'urls' in side ? side.urls : [];
  return [...read.urls, ...(write?.urls ?? [])].includes(url ?? '') ? undefined : url;
}

function pathOf({ args }: Directive): string {
  return args.at(-1)?.text ?? '';
}

/** Whether what a fixed path leads to is what the whole host is passed on to. */
function leadsThere(
  directive: Directive,
  server: Server,
  route: Extract<Route, { kind: 'forward' }>,
): boolean {
  const uri = pathOf(directive);
  const [site] = sitesOf({ servers: [server] });
  if (!uri.startsWith('/') || site === undefined) return false;
  const probe = { method: 'GET', uri };
  const outcome = ask(site, probe);
  const side = outcome.kind === 'proxy' ? sideOf(outcome, probe) : undefined;
  return side !== undefined && 'urls' in side && side.urls.join() === route.to.urls.join();
}

function leftOut(directive: Directive, hosts: readonly string[]): Judgement {
  const path = pathOf(directive);
  const [host = ''] = hosts;
  const target = findInside(directive, 'proxy_pass')?.args[0]?.text;
  const status = findInside(directive, 'return')?.args[0]?.text ?? '';
  if (/^\/v2\/_?token/.test(path))
    return {
      verdict: 'unsupported',
      text: `tokens come from another server (${target ?? 'see the block'}), and Dockgate asks the one that is read from: let that name its own token server under another host, or use login: gateway`,
    };
  if (/^\^?\/v2\/./.test(path))
    return {
      verdict: 'unsupported',
      text: 'Dockgate does not send some names of a host elsewhere: give them a host of their own, or make the other registry a proxy repository with routes',
    };
  if (findInside(directive, 'internal') !== undefined)
    return { verdict: 'unsupported', text: 'only nginx itself goes there: see the line that names it' };
  if (target !== undefined)
    return {
      verdict: 'unsupported',
      text: `${host} answers what clients of registries ask, not ${path}: give ${target} a host of its own with forward`,
    };
  if (/^[245]\d\d$/.test(status))
    return { verdict: 'not-needed', text: 'Dockgate has answers of its own there, and /healthz and /readyz' };
  if (status !== '')
    return {
      verdict: 'unsupported',
      text: `Dockgate has its own answer at ${path}: name the other place to those who use it`,
    };
  return {
    verdict: 'unsupported',
    text: 'Dockgate serves no files: let a web server do it under another name',
  };
}

function findInside({ block = [] }: Directive, name: string): Directive | undefined {
  for (const each of block) {
    if (each.name === name) return each;
    const inside = findInside(each, name);
    if (inside) return inside;
  }
  return undefined;
}
