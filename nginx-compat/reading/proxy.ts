import type { Directive } from '../parse.ts';
import { expand, hasVariables } from './expand.ts';
import type { Location } from './location.ts';
import { bytesOf, secondsOf } from './measures.ts';
import type { Limits, Outcome, SentHeader } from './outcome.ts';
import { escapePath } from './request.ts';
import { known, type Run } from './run.ts';
import { isOn, nearestAll, nearestWord, type Scope } from './scope.ts';

interface Url {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** Path and query behind the host; empty when there are none. */
  readonly uri: string;
}

/** Where `proxy_pass` sends a request, and as what. Throws Undecidable. */
export function passOn(directive: Directive, location: Location, run: Run): Outcome {
  const template = directive.args[0]?.text ?? '';
  const { scope } = run;
  const by = directive.at;
  const url = urlOf(known(expand(template, run), by));
  // nginx finds out when the request is there, since the URL has variables.
  if (url === undefined) return { kind: 'return', status: 500, scope, by };
  const upstream = run.server.http.upstreams.get(url.host);
  run.variables.set('proxy_host', url.host);
  run.variables.set('proxy_port', url.scheme === 'https' ? '443' : '80');
  return {
    kind: 'proxy',
    scheme: url.scheme,
    addresses: upstream
      ? upstream.servers
          .filter(({ down, backup }) => !down && !backup)
          .map(({ address }) => withPort(address, 'http'))
      : [withPort(url.host, url.scheme)],
    ...(upstream && { upstream }),
    target: url.host,
    method: methodOf(run),
    uri: uriOf(url.uri, hasVariables(template), location, run),
    headers: headersOf(run),
    limits: limitsOf(scope),
    scope,
    by,
  };
}

/** Takes `http://host:port/uri` and `http://unix:/socket:/uri` apart; undefined without a scheme. */
function urlOf(text: string): Url | undefined {
  const [, scheme, rest] = /^(https?):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  const [, host = '', uri = ''] =
    (/^unix:/i.test(rest) ? /^(unix:[^:]*):?(.*)$/is : /^([^/?]*)(.*)$/s).exec(rest) ?? [];
  return {
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: host.startsWith('unix:') ? host : host.toLowerCase(),
    uri,
  };
}

function withPort(address: string, scheme: 'http' | 'https'): string {
  if (address.startsWith('unix:') || /:\d+$/.test(address)) return address;
  return `${address}:${scheme === 'https' ? 443 : 80}`;
}

function methodOf({ scope, method }: Run): string {
  return nearestWord(scope, 'proxy_method') ?? method;
}

/** The target as sent, the URL's own where it has variables, or the path with its location's part exchanged. */
function uriOf(uri: string, isVariable: boolean, location: Location, run: Run): string {
  if (isVariable && uri !== '') return uri.startsWith('?') ? `/${uri}` : uri;
  if (uri === '' && run.isUntouched) return run.request.uri;
  const isExchanged = run.hasLocation && uri !== '';
  const path = isExchanged ? uri + escapePath(run.path.slice(location.path.length)) : escapePath(run.path);
  return run.args === '' ? path : `${path}?${run.args}`;
}

function headersOf(run: Run): readonly SentHeader[] {
  const set = nearestAll(run.scope, 'proxy_set_header').map(({ args, at }) => ({
    ...header(args[0]?.text ?? '', args[1]?.text ?? '', run),
    at,
  }));
  const names = new Set(set.map(({ name }) => name.toLowerCase()));
  const standard = [header('Host', '$proxy_host', run), header('Connection', 'close', run)];
  return [...standard.filter(({ name }) => !names.has(name.toLowerCase())), ...set];
}

function header(name: string, template: string, run: Run): SentHeader {
  const value = expand(template, run);
  return { name, template, value: typeof value === 'string' ? value : undefined };
}

/** What holds in a block, with nginx's own defaults. */
function limitsOf(scope: Scope): Limits {
  const seconds = (name: string): number => secondsOf(nearestWord(scope, name) ?? '60') ?? 60;
  return {
    bodySize: bytesOf(nearestWord(scope, 'client_max_body_size') ?? '1m') ?? 0,
    requestBuffering: isOn(scope, 'proxy_request_buffering', true),
    buffering: isOn(scope, 'proxy_buffering', true),
    maxTempFileSize: bytesOf(nearestWord(scope, 'proxy_max_temp_file_size') ?? '1024m') ?? 0,
    connectTimeout: seconds('proxy_connect_timeout'),
    readTimeout: seconds('proxy_read_timeout'),
    sendTimeout: seconds('proxy_send_timeout'),
    clientBodyTimeout: seconds('client_body_timeout'),
    clientSendTimeout: seconds('send_timeout'),
    httpVersion: nearestWord(scope, 'proxy_http_version') ?? '1.0',
  };
}
