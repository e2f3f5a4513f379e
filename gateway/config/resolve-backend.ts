import type { BackendConfig } from './config.ts';
import { resolveIntroduction } from './resolve-introduction.ts';
import type { Settings } from './schema.ts';

/**
 * How the addresses of a host are spoken to; `isMixed`: it has a repository of ours as well, whose users are ours, so
 * that only we can check the login. `absolute` makes a path of the file absolute.
 */
export function resolveBackend(
  { login = 'backend', ...introduction }: Settings['hosts'][string],
  isMixed: boolean,
  absolute: (name: string) => string,
): BackendConfig {
  return { login: isMixed ? 'gateway' : login, ...resolveIntroduction(introduction, absolute) };
}
