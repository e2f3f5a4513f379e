import { hostOf } from '../address.ts';
import type { Check } from '../check.ts';
import { error, ok, skipped } from '../finding.ts';
import type { SeenLocation, Visit } from '../visit.ts';

/** Whether the places that the registry sends a pusher to are where the pusher can go. */
export const locationCheck: Check = {
  name: 'location',
  needs: [],
  run({ base, facts }) {
    const { locations } = facts;
    if (locations.length === 0) return Promise.resolve([skipped('nothing was uploaded')]);
    const wrong = locations.find(({ url }) => url.origin !== base.origin);
    if (wrong) return Promise.resolve([error(...explain(base, wrong))]);
    const isRelative = locations.every(({ text }) => text.startsWith('/'));
    return Promise.resolve([
      ok(`the registry sends pushers to ${isRelative ? 'paths alone' : base.origin}, as it should`),
    ]);
  },
};

function explain(base: Visit['base'], { of, text, url }: SeenLocation): readonly [string, string] {
  const what = `${of} sends the client to ${text.split('?', 1)[0] ?? ''}`;
  if (url.protocol !== base.protocol)
    return [
      `${what}: ${url.protocol.slice(0, -1)} instead of ${base.protocol.slice(0, -1)}`,
      'the proxy in front tells the registry a wrong scheme: nginx needs "proxy_set_header X-Forwarded-Proto $scheme;" (or the scheme that clients use, when another proxy is in front of it); docker-registry can also take http.relativeurls: true',
    ];
  const lost = hostOf(url) === hostOf(base) ? ' ($host loses the port, $http_host keeps it)' : '';
  return [
    `${what}: ${url.host} instead of ${base.host}`,
    `the proxy in front tells the registry a wrong host: nginx needs "proxy_set_header Host $http_host;"${lost}; docker-registry can also take http.host or http.relativeurls: true`,
  ];
}
