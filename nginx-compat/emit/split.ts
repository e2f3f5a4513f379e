import { downLocation, httpsServer, ownErrors, secureBackend, tellClient, type Site } from './server.ts';
import { block, comment, file, quoted } from './text.ts';

/** An nginx that sends the reads and the writes of one host to a registry each. */
export interface NginxSplit {
  readonly site: Site;
  /** Addresses of one registry, at least one, tried in order; the path of the first is that of all of them. */
  readonly read: readonly Readonly<URL>[];
  readonly write: readonly Readonly<URL>[];
  /** Absolute path of PEM authorities for those with HTTPS. */
  readonly ca: string;
}

/** Emits what belongs into nginx's http block. */
export function emitSplit(split: NginxSplit): string {
  const { site, read, write, ca } = split;
  const isSecure = [...read, ...write].some(({ protocol }) => protocol === 'https:');
  return file([
    limits,
    upstream('registry_read', read),
    upstream('registry_write', write),
    sides(split),
    isSecure ? names(split) : [],
    httpsServer(site, [
      ...tellClient(),
      ...(isSecure ? secureBackend({ ca, name: '$registry_name' }) : []),
      ...ownErrors,
      ...comment('A registry may know itself by another name; where it sends a client to is here.'),
      `proxy_redirect ${quoted(`~${ownPlaces(split)}`)} $1;`,
      '',
      ...block('location /v2/', ['proxy_pass $registry_side$request_uri;']),
      ...block('location /v1/', [`proxy_pass ${baseOf('registry_read', read)}$request_uri;`]),
      ...block('location /', [
        'default_type application/json;',
        `return 404 '{"errors":[{"code":"UNSUPPORTED","message":"only the registry is here"}]}';`,
      ]),
      ...downLocation('registry'),
    ]),
  ]);
}

const limits = comment(
  'nginx in front of two registries, one for reads and one for writes, by "dockgate nginx export --split".',
  'It belongs into the http block: /etc/nginx/conf.d/registry.conf, then "nginx -t" and "nginx -s reload".',
  '',
  'What nginx cannot do here, and Dockgate in its place can, since it knows what a request means and who sends it:',
  '- Adoption: a manifest whose layers only the registry for reads has is refused by the one for writes. Its layers',
  '  are sent in full even then.',
  '- HEAD of a manifest is answered by the registry for reads, since clients pull with it. A client that asks it before',
  '  a push, as containerd does, takes an image that only the registry for reads has for pushed already.',
  '- HEAD of a blob is answered by the registry for writes, since clients push with it. Who asks before a pull is told',
  '  that there is none.',
  '- Logins are good for both only if both have the same users. Clients are sent to the one for writes.',
  '- Tags, the catalog and referrers are those of the registry for reads alone; an image that is deleted may shine',
  '  through from there. Errors in HTML stay HTML.',
);

function upstream(name: string, addresses: readonly Readonly<URL>[]): string[] {
  const servers = addresses.map(({ host, port, protocol }) => {
    const usual = protocol === 'https:' ? 443 : 80;
    return `server ${port === '' ? `${host}:${usual}` : host};`;
  });
  return block(`upstream ${name}`, [...servers, 'keepalive 32;']);
}

/** Where `proxy_pass` goes, without the path of the request. */
function baseOf(name: string, [first]: readonly Readonly<URL>[]): string {
  return `${first?.protocol ?? 'http:'}//${name}${pathOf(first)}`;
}

function pathOf(address: Readonly<URL> | undefined): string {
  return (address?.pathname ?? '').replace(/\/+$/, '');
}

function sides({ read, write }: NginxSplit): string[] {
  const [reads, writes] = [baseOf('registry_read', read), baseOf('registry_write', write)].map(quoted);
  return block('map "$request_method $uri" $registry_side', [
    ...comment('The first that fits counts. All that writes, and the login that it needs:'),
    `default ${writes ?? ''};`,
    `"~^(?:GET|HEAD) /v2/(?:token)?$" ${writes ?? ''};`,
    ...comment('An upload session is where it was begun, whatever is asked of it.'),
    `"~^[A-Z]+ /v2/.+/blobs/uploads/" ${writes ?? ''};`,
    ...comment(
      'Asked before a layer is pushed: what another registry has would not be sent, and be missing.',
    ),
    `"~^HEAD /v2/.+/blobs/" ${writes ?? ''};`,
    `"~^(?:GET|HEAD) " ${reads ?? ''};`,
  ]);
}

/** Who must be at the other end. */
function names({ read, write }: NginxSplit): string[] {
  const [reads, writes] = [baseOf('registry_read', read), read[0]?.hostname ?? ''];
  return block('map $registry_side $registry_name', [
    `default ${quoted(write[0]?.hostname ?? '')};`,
    `${quoted(reads)} ${quoted(writes)};`,
  ]);
}

/** What begins as one of the registries' own addresses. */
function ownPlaces({ site, read, write }: NginxSplit): string {
  const alternatives = (texts: readonly string[]): string =>
    [...new Set(texts)].filter(Boolean).map(escaped).join('|');
  const hosts = alternatives([...site.hosts, ...[...read, ...write].map(({ hostname }) => hostname)]);
  const paths = alternatives([pathOf(read[0]), pathOf(write[0])]);
  return `^(?:https?://(?:${hosts})(?::[0-9]+)?)?${paths === '' ? '' : `(?:${paths})?`}(/v2/.*)$`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
