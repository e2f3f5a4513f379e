import type { Position } from '../parse.ts';
import type { BackendKeys, KeyPair, Plan, PlannedHost, PlannedRepository, Traced } from './plan.ts';

/** How lines are named, and in which order. */
export interface Lines {
  /** `nginx.conf:12`. */
  readonly name: (at: Position) => string;
  readonly compare: (one: Position, other: Position) => number;
}

interface Line {
  readonly depth: number;
  readonly text: string;
  readonly from?: readonly Position[] | undefined;
}

/** Writes dockgate.yaml, each line with a comment that names those it comes from. */
export function writeYaml(plan: Plan, title: string, order: Lines): string {
  const lines = [
    ...listenLines(plan),
    ...section('tls', plan.tls ? [{ depth: 1, text: 'profile: files' }, ...pairLines(plan.tls, 1)] : []),
    ...section('hosts', plan.hosts.flatMap(hostLines)),
    ...(plan.hosts.length === 0
      ? [{ depth: 0, text: 'hosts: {} # nothing could be translated; the report says why' }]
      : []),
    ...section('repositories', plan.repositories.flatMap(repositoryLines)),
    ...section('auth', [
      ...keyLine(1, 'anonymous', plan.anonymous),
      ...keyLine(1, 'htpasswd', plan.htpasswd),
    ]),
    ...section(
      'trustedProxies',
      plan.trustedProxies.map(({ value, from }) => ({ depth: 1, text: `- ${scalar(value)}`, from })),
    ),
  ];
  return `# ${title}\n${lines.map((line) => `${inText(line, order)}\n`).join('')}`;
}

function inText({ depth, text, from = [] }: Line, { name, compare }: Lines): string {
  const names = [...new Set(from.toSorted(compare).map(name))];
  return `${'  '.repeat(depth)}${text}${names.length === 0 ? '' : ` # ${names.join(', ')}`}`;
}

function section(name: string, lines: readonly Line[]): readonly Line[] {
  return lines.length === 0 ? [] : [{ depth: 0, text: `${name}:` }, ...lines];
}

function listenLines({ https, http, proxyProtocol }: Plan): readonly Line[] {
  const keys = { https, http, proxyProtocol };
  return section(
    'listen',
    Object.entries(keys).flatMap(([key, traced]) =>
      traced ? [{ depth: 1, text: `${key}: ${traced.value}`, from: traced.from }] : [],
    ),
  );
}

function pairLines({ cert, key }: KeyPair, depth: number): readonly Line[] {
  return [...keyLine(depth, 'cert', cert), ...keyLine(depth, 'key', key)];
}

function hostLines(host: PlannedHost): readonly Line[] {
  const { name, destination, login, tls } = host;
  return [
    { depth: 1, text: `${scalar(name.value)}:`, from: name.from },
    ...('forward' in destination
      ? keyLine(2, 'forward', destination.forward)
      : [...listLines('read', destination.read), ...keyLine(2, 'write', destination.write)]),
    ...keyLine(2, 'login', login),
    ...backendLines(host),
    ...(tls ? [{ depth: 2, text: 'tls:' }, ...pairLines(tls, 3)] : []),
  ];
}

function repositoryLines(repository: PlannedRepository): readonly Line[] {
  const { name, upstream, maxSize, maxUnused } = repository;
  return [
    { depth: 1, text: `${scalar(name.value)}:`, from: name.from },
    { depth: 2, text: 'type: proxy' },
    ...listLines('upstream', upstream),
    ...keyLine(2, 'maxSize', maxSize),
    ...keyLine(2, 'maxUnused', maxUnused),
    ...backendLines(repository),
  ];
}

function backendLines({ ca, clientCert, clientKey, username, password }: BackendKeys): readonly Line[] {
  const keys = { username, password, ca, clientCert, clientKey };
  return Object.entries(keys).flatMap(([key, traced]) => keyLine(2, key, traced));
}

/** One address as it is, several as a list. */
function listLines(key: string, { value, from }: Traced<readonly string[]>): readonly Line[] {
  const [first = '', ...others] = value;
  const text = others.length === 0 ? scalar(first) : `[${value.map(scalar).join(', ')}]`;
  return [{ depth: 2, text: `${key}: ${text}`, from }];
}

function keyLine(depth: number, key: string, traced: Traced<string> | undefined): readonly Line[] {
  return traced ? [{ depth, text: `${key}: ${scalar(traced.value)}`, from: traced.from }] : [];
}

/** Plain where YAML reads it as the same text, else in quotes; `${` would name a variable. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z0-9/][\w./:@+-]*$/.test(text) && !text.endsWith(':') && !/^[\d.:_e+-]+$/i.test(text);
  const isWord = /^(true|false|yes|no|on|off|null|y|n|\.inf|\.nan|0x.*|0o.*)$/i.test(text);
  return isPlain && !isWord ? text : JSON.stringify(text.replaceAll('${', () => '$${'));
}
