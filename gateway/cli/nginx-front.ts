import { join, sep } from 'node:path';
import type { NginxFront, Site } from '../../nginx-compat/index.ts';
import type { Config } from '../config/index.ts';
import { trustIn } from '../trusted-proxies.ts';
import { Failure } from './failure.ts';

/** What the options say of an nginx in front. */
export interface FrontWishes {
  readonly accel: boolean;
  /** Where nginx finds Dockgate; undefined: as the configuration has it. */
  readonly backend?: string | undefined;
}

/** An nginx in front of the Dockgate of a configuration, and what that configuration lacks for it. */
export interface PlannedFront extends NginxFront {
  readonly remarks: readonly string[];
}

/** Where nginx is to be found by Dockgate when nothing else is known. */
const loopback = '127.0.0.1';
const defaultLocation = '/dockgate-blobs/';

/** Plans it. Throws Failure. */
export function frontOf(config: Config, sites: readonly Site[], wishes: FrontWishes): PlannedFront {
  const url = backendOf(config, wishes.backend);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const accel = wishes.accel ? accelOf(config) : undefined;
  const isHere = url.hostname === loopback || url.hostname === 'localhost';
  const keys = [
    ...(scheme === 'http'
      ? [`listen: { https: false, http: ${portOf(url)} }`]
      : [`listen: { https: ${portOf(url)}, http: false }`]),
    isHere ? `trustedProxies: [${loopback}]` : 'trustedProxies: [the address of this nginx]',
    ...(accel ? [`accelRedirect: ${accel.location}`] : []),
  ];
  return {
    sites,
    backend: {
      scheme,
      address: `${url.hostname}:${portOf(url)}`,
      ...(scheme === 'https' && { verify: verifyOf(config, sites) }),
    },
    webSockets: [...config.hosts.values()].some(({ kind }) => kind === 'forward'),
    keys,
    accel,
    remarks: remarksOn(config, { url, isHere, keys }),
  };
}

/** A port that is not nginx's own; the plain one, if there is a choice, since TLS twice costs twice. */
function backendOf({ listen: { https, http } }: Config, given: string | undefined): URL {
  if (given !== undefined) {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return url;
    throw new Failure(
      `--backend ${given} is not the URL of a server; write for example http://127.0.0.1:8080`,
      2,
    );
  }
  const isFree = (port: number | false): boolean => port !== false && ![0, 80, 443].includes(port);
  if (isFree(http)) return new URL(`http://${loopback}:${http}`);
  if (isFree(https)) return new URL(`https://${loopback}:${https}`);
  return new URL(`http://${loopback}:8080`);
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

/** nginx compares names alone: an address in the certificate would not be found. */
function verifyOf({ data, tls }: Config, sites: readonly Site[]): { ca: string; name: string } {
  const hosts = sites.flatMap((site) => site.hosts);
  const name = hosts.find((host) => !/^\*\.|^\[|^[\d.]+$/.test(host)) ?? 'localhost';
  const ca =
    tls.profile === 'ca'
      ? join(data, 'certs', 'ca.crt')
      : tls.profile === 'self-signed'
        ? join(data, 'certs', 'server.crt')
        : '/etc/ssl/certs/ca-certificates.crt';
  return { ca, name };
}

function accelOf({ accelRedirect, blobStores, data }: Config): NonNullable<NginxFront['accel']> {
  const { path = join(data, 'blobs') } = blobStores.get('default') ?? {};
  const isBelow = path.startsWith(data + sep);
  return { location: accelRedirect ?? defaultLocation, folder: path, ...(isBelow && { data }) };
}

/** What somebody would find out later, by a log with the wrong addresses or by a port that is taken. */
function remarksOn(
  { listen, trustedProxies, accelRedirect }: Config,
  { url, isHere, keys }: { url: URL; isHere: boolean; keys: readonly string[] },
): string[] {
  const port = Number(portOf(url));
  const listens = url.protocol === 'https:' ? listen.https : listen.http;
  const isTrusted = isHere ? trustIn(trustedProxies)(loopback) : trustedProxies.length > 0;
  const [ports = '', trust = '', accel] = keys;
  return [
    ...(isHere && listens !== port ? [`in dockgate.yaml: ${ports}`] : []),
    ...(isTrusted ? [] : [`in dockgate.yaml: ${trust}`]),
    ...(accel !== undefined && accelRedirect === undefined ? [`in dockgate.yaml: ${accel}`] : []),
  ];
}
