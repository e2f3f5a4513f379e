import { findRoute } from './default-route.ts';
import { defaultHost, defaultRepositories } from './defaults.ts';
import type { Finding } from './errors.ts';
import { isMapping } from './mappings.ts';
import { outlineOf } from './outline.ts';
import type { Outline, RepositoryOutlines } from './outline.ts';
import { outboundSection } from './proxy-variables.ts';
import type { ProxyVariables } from './proxy-variables.ts';

/** Values from the command line or the environment that win over the file. */
export interface Overrides {
  /** Absolute path. */
  readonly data?: string | undefined;
  readonly https?: number | undefined;
  readonly http?: number | undefined;
  /** Hosts to add. */
  readonly hosts?: readonly string[] | undefined;
  /** What the environment says about the way out; the only ones that the file wins over. */
  readonly outbound?: ProxyVariables | undefined;
}

/** The sections of a file, with the options laid over them and the defaults of whole sections under them. */
export interface Composition {
  readonly sections: Sections;
  readonly outline: Outline;
  /** Whether the file named no hosts. */
  readonly defaultHosts: boolean;
  readonly findings: readonly Finding[];
}

type Sections = Readonly<Record<string, unknown>>;

/** `intact`: whether the whole text could be read, so that what seems to be missing is missing. */
export function compose(file: Sections, intact: boolean, overrides: Overrides): Composition {
  const written = overlay(withoutEmpty(file), overrides);
  const sections = { ...written, repositories: written.repositories ?? defaultRepositories };
  const visible = intact ? sections : written;
  if (!needsHosts(written.hosts, overrides)) {
    return { sections, outline: outlineOf(visible, intact), defaultHosts: false, findings: [] };
  }
  const { repositories } = outlineOf(visible, intact);
  const hosts = repositories === undefined || !intact ? undefined : hostsFor(repositories);
  return {
    sections: { ...sections, hosts: hosts ?? {} },
    outline: outlineOf(hosts === undefined ? visible : { ...visible, hosts }, intact),
    defaultHosts: true,
    findings: hosts === undefined && intact && isClear(repositories) ? [undecided] : [],
  };
}

const undecided: Finding = {
  path: ['repositories'],
  message:
    'hosts is missing, and these repositories do not tell where requests go; add hosts: { localhost: { read: NAME, write: NAME, web: true } }',
};

/** A section without a value, such as one with every line commented out, is as good as none. */
function withoutEmpty(file: Sections): Sections {
  return Object.fromEntries(Object.entries(file).filter(([, section]) => section !== null));
}

function overlay(file: Sections, { data, https, http, outbound: variables = {} }: Overrides): Sections {
  const ports = { ...(https === undefined ? {} : { https }), ...(http === undefined ? {} : { http }) };
  const { listen = {}, outbound = {} } = file;
  const changed = Object.keys(ports).length > 0 && isMapping(listen);
  return {
    ...file,
    ...(data === undefined ? {} : { data }),
    ...(isMapping(outbound) ? { outbound: { ...outboundSection(variables), ...outbound } } : {}),
    ...(changed ? { listen: { ...listen, ...ports } } : {}),
  };
}

/** `hosts: {}` means none, until one is added from the command line. */
function needsHosts(hosts: unknown, overrides: Overrides): boolean {
  if (hosts === undefined) return true;
  const none = isMapping(hosts) && Object.keys(hosts).length === 0;
  return none && (overrides.hosts ?? []).length > 0;
}

function hostsFor(repositories: RepositoryOutlines): Record<string, unknown> | undefined {
  const route = findRoute(repositories);
  return route && { [defaultHost]: { ...route, web: true } };
}

/** Whether the kind of every repository can be seen; if not, the mistake that hides it comes first. */
function isClear(repositories: RepositoryOutlines | undefined): boolean {
  return (
    repositories !== undefined &&
    Object.values(repositories).every((repository) => repository?.type !== undefined)
  );
}
