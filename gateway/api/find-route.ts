import { RegistryError } from '../../registry/index.ts';
import type { Route } from './route.ts';

/** A route and the parts of the path that it names in braces. */
export interface FoundRoute {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The route of a request; HEAD goes where GET goes. Throws `unknownEndpoint` and `unsupported`. */
export function findRoute(routes: readonly Route[], method: string, path: string): FoundRoute {
  const here = routes.flatMap((route) => {
    const parameters = match(route.path, path);
    return parameters ? [{ route, parameters }] : [];
  });
  if (here.length === 0)
    throw new RegistryError('unknownEndpoint', {
      message: 'there is no such endpoint; /api/v1/openapi.json describes those that there are',
    });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = here.find(({ route }) => route.method === wanted);
  if (found) return found;
  throw new RegistryError('unsupported', { allow: here.flatMap(({ route }) => methods(route)) });
}

function methods({ method }: Route): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

function match(template: string, path: string): Record<string, string> | undefined {
  const parts = path.split('/');
  const wanted = template.split('/');
  if (parts.length !== wanted.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const name = /^\{(.+)\}$/.exec(wanted[at] ?? '')?.[1];
    if (name === undefined ? part !== wanted[at] : part === '') return undefined;
    // What is not well encoded is the name of nothing that there is.
    if (name !== undefined) parameters[name] = decoded(part) ?? part;
  }
  return parameters;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
