import type { NginxFiles } from '../parse.ts';
import {
  whereTo,
  type Outcome,
  type Proxied,
  type Reading,
  type Scope,
  type Server,
  type Unclear,
} from '../reading/index.ts';
import { withoutGuards } from './guards.ts';
import { operations, type OperationName } from './operations.ts';

/** A port on which a server takes requests. */
export interface Way {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

/** A server block in front of a registry, with where each operation of a registry goes. */
export interface Front {
  readonly server: Server;
  /** Conditions on who comes in, which are left out of the server. */
  readonly guards: readonly Unclear[];
  readonly reading: Reading;
  readonly files: NginxFiles;
  /** The folder that relative names of files are below. */
  readonly folder: string;
  /** At least one; those with TLS first. */
  readonly ways: readonly [Way, ...Way[]];
  /** Where an operation goes on the first way. */
  readonly to: (operation: OperationName) => Outcome;
  /** Those of the operations that are passed on, with where they go. */
  readonly passed: (names?: readonly OperationName[]) => readonly (readonly [OperationName, Proxied])[];
  /** Blocks in which operations are passed on, each once. */
  readonly scopes: readonly Scope[];
}

/** Looks at a server block as a registry's clients do. */
export function frontOf(guarded: Server, reading: Reading, files: NginxFiles, folder: string): Front {
  const ways = waysOf(guarded);
  const { server, guards } = withoutGuards(guarded, (each) => {
    const outcome = ask(each, ways[0], 'read manifest');
    return outcome.kind === 'unknown' ? outcome : undefined;
  });
  const names = Object.keys(operations) as OperationName[];
  const outcomes = new Map(names.map((name) => [name, ask(server, ways[0], name)]));
  const to = (name: OperationName): Outcome => outcomes.get(name) ?? ask(server, ways[0], name);
  const passed = (some: readonly OperationName[] = names): readonly (readonly [OperationName, Proxied])[] =>
    some.flatMap((name) => {
      const outcome = to(name);
      return outcome.kind === 'proxy' ? [[name, outcome] as const] : [];
    });
  const scopes = new Map(passed().map(([, { scope }]) => [scope.directives, scope]));
  return { server, guards, reading, files, folder, ways, to, passed, scopes: [...scopes.values()] };
}

/** Where an operation goes on a port. */
export function ask(server: Server, { scheme, port }: Way, name: OperationName): Outcome {
  const { method, uri } = operations[name];
  const host = `${hostOf(server)}${port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`}`;
  return whereTo(server, { method, uri, scheme, port, host, headers, remote: '192.0.2.1' });
}

const headers = {
  'user-agent': 'docker/28.1.0 go/go1.24 git-commit/abc kernel/6.1 os/linux arch/amd64',
  authorization: 'Bearer token',
};

function hostOf({ names }: Server): string {
  const plain = names.find(({ text }) => /^[\w.-]+\.[\w.-]*$|^[a-z][\w-]*$/i.test(text));
  const wild = names.find(({ text }) => /^\*?\.[\w.-]+$/.test(text));
  return plain?.text ?? wild?.text.replace(/^\*?\./, 'registry.') ?? example(names) ?? 'registry.example';
}

/** A host that a name with an expression takes, as far as one can be guessed: `~^(?<repo>.+)\.example\.org$`. */
function example(names: Server['names']): string | undefined {
  const guesses = names.flatMap(({ text, pattern }) => {
    const guess = text
      .replace(/^~\^?|\$$/g, '')
      .replaceAll(/\([^()]*\)[?*+]?/g, 'team')
      .replaceAll('\\', '');
    return pattern && 'regex' in pattern && pattern.regex.test(guess) ? [guess] : [];
  });
  return guesses[0];
}

function waysOf({ listens }: Server): readonly [Way, ...Way[]] {
  const ways = listens.flatMap(({ ports, ssl, quic }) =>
    ports.slice(0, 1).map((port): Way => ({ scheme: ssl || quic ? 'https' : 'http', port })),
  );
  const [first = { scheme: 'http', port: 80 }, ...others] = ways.sort(
    (a, b) => b.scheme.length - a.scheme.length,
  );
  return [first, ...others.filter(({ port }) => port !== first.port)];
}
