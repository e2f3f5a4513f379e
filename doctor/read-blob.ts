import { ask, type Answer } from './ask.ts';
import { Trouble } from './finding.ts';
import type { Visit } from './visit.ts';

/** GET of a blob, also where it is elsewhere, to where the credentials must not go. Throws Trouble. */
export async function readBlob(
  visit: Visit,
  path: string,
  own: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const answer = await ask(visit, path, { headers: { ...own, ...headers } });
  const { location } = answer.headers;
  if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
  if (!URL.canParse(location, visit.base.href))
    throw new Trouble(
      'GET of a blob leads to a Location that cannot be read',
      'see what the registry redirects blobs to (docker-registry: storage.redirect.disable: true)',
    );
  return ask(visit, new URL(location, visit.base), { headers });
}
