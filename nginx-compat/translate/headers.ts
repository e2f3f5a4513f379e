import type { Directive } from '../parse.ts';
import { cacheOf } from './caches.ts';
import type { Judgement } from './decisions.ts';
import type { Fate } from './fates.ts';

/** What Dockgate tells the backend about a request in any case, and what a client says itself. */
const told =
  /^(x-real-ip|x-forwarded-(for|proto|host|port|ssl|server|scheme)|x-forwarded|forwarded|x-scheme|x-original-uri|x-nginx-proxy|x-url-scheme|accept-encoding|content-length|connection|upgrade|range|x-[\w-]*override-base-url|docker-distribution-api-version)$/;

/** Headers that only browsers look at, and that which old clients of registries wanted. */
const forBrowsers =
  /^(strict-transport-security|x-frame-options|x-content-type-options|x-xss-protection|referrer-policy|content-security-policy|permissions-policy|cache-control|access-control-.*|alt-svc|x-robots-tag)$/;

/** Judges a header that nginx sends to the backend. */
export function judgeSentHeader({ args }: Directive, fate: Fate | undefined): Judgement {
  const [name = '', value = ''] = args.map(({ text }) => text.toLowerCase());
  if (name === 'host') return judgeHost(value, fate);
  if (name === 'x-forwarded-proto' && value === 'http')
    return {
      verdict: 'not-needed',
      text: 'it was wrong behind TLS: Dockgate sends the scheme that the client used',
    };
  if (told.test(name))
    return { verdict: 'not-needed', text: 'Dockgate says by itself who asks, and by which address' };
  if (name === 'authorization')
    return value === '' || value.startsWith('$http_')
      ? { verdict: 'not-needed', text: 'where Dockgate checks the login, the backend is not shown it' }
      : {
          verdict: 'mapped',
          text: 'username and password, where Dockgate checks the login; else log in there yourself',
        };
  return value === ''
    ? { verdict: 'unsupported', text: 'headers of clients are passed on: let the server behind ignore it' }
    : {
        verdict: 'unsupported',
        text: 'Dockgate adds no headers of yours: let the server behind do without it',
      };
}

function judgeHost(value: string, fate: Fate | undefined): Judgement {
  if (fate?.route.kind === 'split' && cacheOf(fate.route.read.outcome))
    return { verdict: 'not-needed', text: 'a proxy repository asks its upstream by the name of that' };
  if (
    /^\$(host|http_host|server_name|proxy_host)(:\$(server_port|proxy_port|port))?$/.test(value) &&
    !value.startsWith('$proxy')
  )
    return { verdict: 'not-needed', text: 'the backend is told the host and port that the client used' };
  return {
    verdict: 'unsupported',
    text: 'the backend is told the host that the client used: let it answer to that name, or make it the upstream of a proxy repository',
  };
}

/** Judges a header that nginx adds to answers; `isPage`: browsers come to this host. */
export function judgeAddedHeader({ args }: Directive, isPage: boolean): Judgement {
  const name = args[0]?.text.toLowerCase() ?? '';
  if (name === 'docker-distribution-api-version')
    return { verdict: 'not-needed', text: 'registries send it themselves' };
  if (!isPage && forBrowsers.test(name))
    return { verdict: 'not-needed', text: 'only browsers look at it, not clients of registries' };
  return {
    verdict: 'unsupported',
    text: 'Dockgate adds no headers of yours to answers: let the server behind send it',
  };
}
