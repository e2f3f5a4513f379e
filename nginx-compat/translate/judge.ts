import type { Directive } from '../parse.ts';
import { readMap } from '../reading/map.ts';
import { unaskedIn } from './depends.ts';
import type { Judgement, Verdict } from './decisions.ts';
import type { Case, Place } from './case.ts';
import { judgeByName } from './judge-by-name.ts';
import { judgeLocation } from './judge-location.ts';
import { judgeRouting, routing } from './judge-routing.ts';
import { judgeServer, judgeUpstream } from './judge-server.ts';

/** A directive, and what became of it. */
export interface Judged {
  readonly directive: Directive;
  readonly verdict: Verdict;
  readonly text: string;
}

/** Judges every directive, in the order of the files. */
export function judgeAll(about: Case): readonly Judged[] {
  const { parsed, servers } = about;
  const isInside = parsed.context === 'server' || parsed.context === 'location';
  const [server] = isInside ? servers.values() : [];
  return judgeBlock(parsed.directives, server ? { server } : {}, about);
}

function judgeBlock(directives: readonly Directive[], place: Place, about: Case): readonly Judged[] {
  return directives.flatMap((directive) => {
    const judgement = judge(directive, place, about);
    const inside = insideOf(directive, place, judgement, about);
    return [
      { directive, ...judgement },
      ...judgeBlock(directive.block ?? [], { ...inside, parent: directive }, about),
    ];
  });
}

function judge(directive: Directive, place: Place, about: Case): Judgement {
  const { name } = directive;
  if (place.whole) return place.whole;
  const decided = about.decisions.of(directive);
  if (decided) return decided;
  if (place.parent?.name === 'upstream') return judgeUpstreamLine(directive, place, about);
  const server = about.servers.get(directive.at);
  if (name === 'server' && server) return judgeServer(about.fates.get(server));
  if (name === 'http')
    return { verdict: 'mapped', text: 'what stands in it has lines of its own in this list' };
  if (name === 'upstream') return judgeUpstream(directive, about);
  if (name === 'map') return judgeMap(directive, about);
  if (place.server && name === 'location') return judgeLocation(directive, place.server, about);
  if (place.server && routing.has(name)) return judgeRouting(directive, place, about);
  return judgeByName(directive, place, about);
}

function insideOf(directive: Directive, place: Place, judgement: Judgement, about: Case): Place {
  const { name, at } = directive;
  const within = { verdict: judgement.verdict, text: `part of ${about.nameLine(at)}` };
  const isWhole =
    ['map', 'geo', 'types', 'stream', 'mail', 'split_clients'].includes(name) ||
    about.dropped.has(directive) ||
    (name === 'if' && judgement.verdict !== 'mapped') ||
    place.whole !== undefined ||
    (directive.block !== undefined && !known.has(name));
  if (isWhole) return { ...place, whole: place.whole ?? within };
  if (name === 'location' && judgement.verdict !== 'mapped' && !judgement.text.startsWith('hosts.'))
    return { ...place, location: within };
  if (name === 'location') return place.server ? { server: place.server } : {};
  const server = about.servers.get(at);
  return server ? { server } : place;
}

const known = new Set(['http', 'server', 'location', 'if', 'limit_except', 'upstream', 'events']);

function judgeMap(directive: Directive, { effects, servers }: Case): Judgement {
  const { source, variable } = readMap(directive);
  const effect = effects.beside(directive);
  if (effect && !effect.registry && !effect.page)
    return { verdict: 'not-needed', text: `only headers and logs use $${variable}` };
  const [server] = servers.values();
  const unasked = server && unaskedIn(source, server);
  return unasked === undefined
    ? { verdict: 'mapped', text: 'it decides where requests go: read and write of the hosts' }
    : {
        verdict: 'unsupported',
        text: `Dockgate decides by host and request, not by $${unasked}: what it stands for in requests without it is in the result`,
      };
}

function judgeUpstreamLine(directive: Directive, place: Place, about: Case): Judgement {
  const { name, args, at } = directive;
  const { parent } = place;
  if (parent === undefined) return judgeByName(directive, place, about);
  if (name === 'server') {
    if (args.some(({ text }) => text === 'down')) return { verdict: 'not-needed', text: 'it is down' };
    return { ...judgeUpstream(parent, about) };
  }
  const servers = (parent.block ?? []).filter((each) => each.name === 'server');
  const judged = judgeByName(directive, place, about);
  return judged.verdict === 'unsupported' && servers.length < 2 && at !== parent.at
    ? { verdict: 'not-needed', text: 'there is one server to choose from' }
    : judged;
}
