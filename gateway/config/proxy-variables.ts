import type { OutboundConfig } from './config.ts';
import type { Path, Problem } from './errors.ts';
import type { Environment } from './expand.ts';

/** Texts of environment variables by the key of `outbound` that they stand in for. */
export type ProxyVariables = Partial<Record<keyof OutboundConfig, Variable>>;

interface Variable {
  readonly name: string;
  readonly value: string;
}

const names = { httpProxy: 'HTTP_PROXY', httpsProxy: 'HTTPS_PROXY', noProxy: 'NO_PROXY' } as const;

/** Finds HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or each in lower case; set to nothing counts as not set. */
export function proxyVariables(env: Environment): ProxyVariables {
  const found = Object.entries(names).flatMap(([key, upper]) => {
    const name = [upper, upper.toLowerCase()].find((each) => env[each]);
    return name === undefined ? [] : [[key, { name, value: env[name] }]];
  });
  return Object.fromEntries(found) as ProxyVariables;
}

/** The values of the variables, as a file would give them. */
export function outboundSection(variables: ProxyVariables): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([key, { value }]) => [key, value]));
}

/** The variable that gave a key of `outbound` its value. */
export function variableFor(keys: Path, variables: ProxyVariables): Omit<Problem, 'message'> | undefined {
  const [section, key, ...more] = keys;
  if (section !== 'outbound' || more.length > 0) return undefined;
  const variable = Object.entries(variables).find(([each]) => each === key)?.[1];
  return variable && { file: 'environment', path: variable.name };
}
