import type { Run, Value } from './run.ts';

type Reader = (run: Run) => Value;

const client: Reader = ({ request }) => request.remote ?? { why: 'it depends on the address of the client' };

/** nginx's own variables, as far as the request tells them. */
const readers: Readonly<Record<string, Reader>> = {
  request_method: ({ method }) => method,
  uri: ({ path }) => path,
  document_uri: ({ path }) => path,
  request_uri: ({ request }) => request.uri,
  request: ({ request }) => `${request.method} ${request.uri} HTTP/1.1`,
  server_protocol: () => 'HTTP/1.1',
  args: ({ args }) => args,
  query_string: ({ args }) => args,
  is_args: ({ args }) => (args === '' ? '' : '?'),
  scheme: ({ request }) => request.scheme,
  https: ({ request }) => (request.scheme === 'https' ? 'on' : ''),
  http_host: (run) => hostHeader(run),
  host: (run) => hostHeader(run).replace(/:\d+$/, '').toLowerCase() || serverName(run),
  server_name: (run) => serverName(run),
  server_port: ({ request }) => String(request.port ?? (request.scheme === 'https' ? 443 : 80)),
  remote_addr: client,
  realip_remote_addr: client,
  content_length: ({ request }) => request.headers?.['content-length'] ?? '',
  content_type: ({ request }) => request.headers?.['content-type'] ?? '',
  request_completion: () => '',
  remote_user: ({ request }) => userOf(request.headers?.authorization ?? ''),
  proxy_add_x_forwarded_for: (run) => {
    const address = client(run);
    const before = run.request.headers?.['x-forwarded-for'];
    return typeof address !== 'string' || before === undefined ? address : `${before}, ${address}`;
  },
};

/** The value of a variable that the file does not set. */
export function builtIn(name: string, run: Run): Value {
  const reader = readers[name];
  if (reader) return reader(run);
  const header = /^http_(\w+)$/.exec(name)?.[1];
  if (header !== undefined) return run.request.headers?.[header.replaceAll('_', '-').toLowerCase()] ?? '';
  const argument = /^arg_(\w+)$/.exec(name)?.[1];
  if (argument !== undefined) return argumentOf(run.args, argument);
  const cookie = /^cookie_(\w+)$/.exec(name)?.[1];
  if (cookie !== undefined) return cookieOf(run.request.headers?.cookie ?? '', cookie);
  // A variable that is set somewhere, though not on this way, is empty.
  return run.server.http.assigned.has(name)
    ? ''
    : { why: `$${name} is not known from the file and the request` };
}

function hostHeader({ request, server }: Run): string {
  const named = server.names.find(({ text }) => /^[\w.-]+$/.test(text) && text !== '_');
  return request.host ?? named?.text ?? 'localhost';
}

function serverName({ server }: Run): string {
  return server.names[0]?.text.replace(/^\./, '') ?? '';
}

function userOf(authorization: string): string {
  const [, encoded] = /^basic\s+(\S+)/i.exec(authorization) ?? [];
  return encoded === undefined ? '' : (Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] ?? '');
}

function argumentOf(args: string, name: string): string {
  const found = args.split('&').find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}=`));
  return found?.slice(name.length + 1) ?? '';
}

function cookieOf(header: string, name: string): string {
  const found = header.split(/;\s*/).find((each) => each.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? '';
}
