import { fitOf } from './hostnames.ts';
import type { Server } from './server.ts';

/** The server block that nginx takes for a host on a port; undefined when none listens there. */
export function findServer(servers: readonly Server[], port: number, host: string): Server | undefined {
  const there = servers.filter(({ listens }) => listens.some(({ ports }) => ports.includes(port)));
  const name = host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  const fits = there.map((server) => [closest(server, name), server] as const).filter(([fit]) => fit > 0);
  const best = fits.sort(([a], [b]) => b - a)[0]?.[1];
  return (
    best ??
    there.find(({ names }) =>
      names.some(({ pattern }) => pattern && 'regex' in pattern && pattern.regex.test(name)),
    ) ??
    there.find((each) => isDefault(each, port)) ??
    there[0]
  );
}

function closest({ names }: Server, host: string): number {
  return Math.max(0, ...names.map(({ text, pattern }) => (pattern ? 0 : fitOf(text, host))));
}

function isDefault({ listens }: Server, port: number): boolean {
  return listens.some(({ defaultServer, ports }) => defaultServer && ports.includes(port));
}
