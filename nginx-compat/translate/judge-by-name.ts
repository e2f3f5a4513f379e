import type { Directive } from '../parse.ts';
import type { Case, Place } from './case.ts';
import type { Judgement } from './decisions.ts';
import { judgeAddedHeader, judgeSentHeader } from './headers.ts';
import { judgePartOfServer, keysOf } from './judge-server.ts';
import { unneeded } from './unneeded.ts';
import { adviceOn } from './unsupported.ts';

/** Judges a directive by its name and words. */
export function judgeByName(directive: Directive, place: Place, about: Case): Judgement {
  return (
    bySpecial(directive, place, about) ??
    byLimitExcept(directive, place, about) ??
    byTable(directive.name) ?? {
      verdict: 'unsupported',
      text: 'Dockgate does not know it: look up what it does in nginx, and whether it is missed',
    }
  );
}

function byTable(name: string): Judgement | undefined {
  const reason = unneeded.get(name);
  if (reason !== undefined) return { verdict: 'not-needed', text: reason };
  const advice = adviceOn(name);
  return advice === undefined ? undefined : { verdict: 'unsupported', text: advice };
}

function bySpecial(directive: Directive, place: Place, about: Case): Judgement | undefined {
  const { name, args } = directive;
  const first = args[0]?.text ?? '';
  const fate = place.server && about.fates.get(place.server);
  switch (name) {
    case 'proxy_set_header':
      return judgeSentHeader(directive, fate);
    case 'add_header':
      return judgeAddedHeader(directive, fate?.route.kind === 'forward');
    case 'client_max_body_size':
      return {
        verdict: 'not-needed',
        text:
          first === '0'
            ? 'uploads have no limit here either'
            : 'uploads have no limit here; the registry behind may set one',
      };
    case 'ssl_protocols':
      return {
        verdict: 'not-needed',
        text: args.some(({ text }) => /^(SSLv|TLSv1(\.1)?$)/.test(text))
          ? 'Dockgate speaks TLS 1.2 and 1.3; older ones are broken, and clients of registries do not ask for them'
          : 'Dockgate speaks TLS 1.2 and 1.3',
      };
    case 'ssl':
      return { verdict: 'mapped', text: 'the listen lines, as if each had ssl' };
    case 'ssl_verify_client':
    case 'auth_basic':
    case 'proxy_cache':
    case 'auth_request':
      return first === 'off' ? { verdict: 'not-needed', text: 'it is off' } : undecided(name);
    case 'proxy_ssl_verify':
      return {
        verdict: 'not-needed',
        text:
          first === 'on'
            ? 'Dockgate checks certificates of backends in any case'
            : 'Dockgate checks certificates of backends in any case: name a private authority as ca',
      };
    case 'allow':
      return first === 'all' ? { verdict: 'not-needed', text: 'Dockgate lets every address in' } : undefined;
    case 'server_name':
    case 'listen':
      return byFate(place, about);
    default:
      return name.startsWith('proxy_ssl_') || name.startsWith('ssl_certificate')
        ? undecided(name)
        : undefined;
  }
}

function byFate({ server }: Place, about: Case): Judgement | undefined {
  if (server === undefined) return undefined;
  const hosts = about.fates.get(server)?.hosts ?? [];
  return hosts.length > 0 ? { verdict: 'mapped', text: keysOf(hosts) } : judgePartOfServer(server, about);
}

/** What planning would have decided about if something that is in the result depended on it. */
function undecided(name: string): Judgement | undefined {
  if (name === 'proxy_ssl_trusted_certificate') return { verdict: 'mapped', text: 'ca of the host' };
  if (name === 'proxy_ssl_certificate' || name === 'proxy_ssl_certificate_key')
    return { verdict: 'mapped', text: 'clientCert and clientKey of the host' };
  if (name === 'proxy_ssl_verify') return undefined;
  if (name === 'auth_basic')
    return {
      verdict: 'unsupported',
      text: 'Dockgate asks for passwords where it is a registry, not here: let the server behind ask for it',
    };
  if (name === 'proxy_cache')
    return {
      verdict: 'unsupported',
      text: 'Dockgate keeps nothing of registries behind a host: make it the upstream of a proxy repository',
    };
  if (name.startsWith('ssl_certificate'))
    return { verdict: 'not-needed', text: 'no host of the result shows it' };
  return undefined;
}

/** `deny all` for other methods than those of a pull makes a host read-only. */
function byLimitExcept(directive: Directive, { server, parent }: Place, about: Case): Judgement | undefined {
  if (parent?.name !== 'limit_except' || server === undefined) return undefined;
  const effect = about.effects.within(server, directive);
  const fate = about.fates.get(server);
  return effect?.write && fate?.route.kind === 'split' && fate.route.write === undefined
    ? { verdict: 'mapped', text: `${keysOf(fate.hosts)} without write: pushes are refused` }
    : undefined;
}
