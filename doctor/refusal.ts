import type { Answer } from './ask.ts';
import { Trouble } from './finding.ts';

interface WireError {
  readonly code?: string;
  readonly message?: string;
  readonly detail?: unknown;
}

/** Why an upstream of Dockgate gave no answer. */
export interface UpstreamFault {
  /** Such as `unauthorized`, `rate-limited`, `tls`. */
  readonly kind: string;
  readonly message: string;
  /** In seconds. */
  readonly retryAfter: number | undefined;
}

/** What a registry says in its JSON errors; undefined when the body is none. OCI distribution-spec 1.1, "Error Codes". */
export function messageOf(answer: Answer): string | undefined {
  const first = firstError(answer);
  return first && [first.code, first.message].filter(Boolean).join(': ');
}

/** The upstream that an error of Dockgate is about; undefined when it is about none. */
export function faultOf(answer: Answer): UpstreamFault | undefined {
  const { detail, message = '' } = firstError(answer) ?? {};
  const [first] = Array.isArray(detail) ? (detail as readonly { readonly reason?: unknown }[]) : [];
  if (typeof first?.reason !== 'string') return undefined;
  // To hide an image is how an upstream says 404 to strangers; the detail is a sentence then.
  if (answer.status === 404) return { kind: 'hidden', message: first.reason, retryAfter: undefined };
  const seconds = Number(answer.headers['retry-after']);
  return { kind: first.reason, message, retryAfter: Number.isNaN(seconds) ? undefined : seconds };
}

function firstError({ body }: Answer): WireError | undefined {
  try {
    return (JSON.parse(body.toString()) as { errors?: readonly WireError[] }).errors?.[0];
  } catch {
    return undefined;
  }
}

/** `413 from nginx, which is no answer of a registry`: status, who answered, and what it said. */
export function inWords(answer: Answer): string {
  const message = messageOf(answer);
  if (message !== undefined) return `${answer.status} (${message})`;
  const { server } = answer.headers;
  const from = server === undefined ? '' : ` from ${String(server)}`;
  const page = /^\s*<(?:!doctype|html)/i.test(answer.body.toString('utf8', 0, 200));
  return `${answer.status}${from}${page ? ', a page of HTML' : ''}`;
}

/** The trouble that an unexpected answer to a step is. */
export function refusal(step: string, answer: Answer): Trouble {
  return new Trouble(`${step} answered ${inWords(answer)}`, adviceFor(answer));
}

const mayPush =
  'give that user the right to push this name (Dockgate: auth.roles and auth.assign in dockgate.yaml; Nexus: a role with nx-repository-view-docker-REPOSITORY-*), or choose another name with --name';

function adviceFor(answer: Answer): string {
  const fromRegistry = messageOf(answer) !== undefined;
  const { status } = answer;
  if (status >= 300 && status < 400)
    return `clients do not follow redirects of a push: let the proxy in front serve /v2/ itself instead of redirecting to ${answer.headers.location ?? 'elsewhere'}`;
  switch (status) {
    case 401:
      return `${fromRegistry ? `${mayPush}, or another user with --user` : 'give a user who may push with --user'}; the proxy in front must pass the Authorization header on`;
    case 403:
      if ((messageOf(answer) ?? '').includes('PRO-licensed'))
        return 'this address is a group of Nexus, which takes no pushes: send everything but GET and HEAD of pulls to its hosted repository, or let Dockgate do so (hosts: read and write in dockgate.yaml)';
      return fromRegistry
        ? mayPush
        : 'a proxy or firewall in front forbids it: let it pass every method under /v2/ (nginx: limit_except, deny, an application firewall)';
    case 404:
      if (!fromRegistry && isNexus(answer))
        return 'Nexus knows no docker repository there: give the repository a connector (its HTTP port, in its settings) and let the proxy in front send /v2/ to that port and not to the port of the web page';
      return fromRegistry
        ? 'the request did not reach the repository that the others reach: send every method of /v2/ to the same place (nginx: no "if ($request_method ...)"; dockgate.yaml: hosts)'
        : 'the proxy in front knows no such path: let "location /v2/" go to the registry with its path unchanged (nginx: proxy_pass without a path)';
    case 405:
      return fromRegistry
        ? 'the repository takes no pushes: see "write" of this host, and "deployment" of the repository, in dockgate.yaml'
        : 'a proxy in front allows only some methods: let it pass POST, PATCH, PUT, HEAD and DELETE under /v2/';
    case 411:
      return 'a proxy in front takes no bodies without a length, which is how docker pushes: nginx needs proxy_http_version 1.1 and proxy_request_buffering off';
    case 413:
      return 'set "client_max_body_size 0;" in the server block of nginx (Caddy: request_body max_size; other proxies and load balancers: no limit for the size of a request)';
    case 429:
      return 'a limit of requests is in the way: raise it for /v2/ (nginx: limit_req, limit_conn)';
    case 502:
    case 503:
    case 504:
      return fromRegistry
        ? 'the registry cannot serve now: its log says more'
        : 'the proxy in front does not reach the registry: see that it runs, and compare its address with proxy_pass; 504 means that proxy_read_timeout is too short';
    case 507:
      return 'the disk or the quota of the blob store is full: free space, or raise "quota" of the blob store in dockgate.yaml';
    default:
      return status >= 500
        ? 'the registry failed: its log says why; a full disk, or one that cannot be written, is the usual reason'
        : 'compare the path and headers that reach the registry, as its log shows them, with what the client sent';
  }
}

function isNexus({ headers }: Answer): boolean {
  return /^nexus/i.test(String(headers.server ?? ''));
}
