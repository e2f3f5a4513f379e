import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { checkAcme } from './acme.ts';
import { checkAuth } from './auth.ts';
import { checkBackends } from './backends.ts';
import { checkBlobStores } from './blob-stores.ts';
import { checkCycles } from './cycles.ts';
import { checkHosts } from './hosts.ts';
import { checkNames } from './names.ts';
import { checkPorts } from './ports.ts';
import { checkPrefetch } from './prefetch.ts';
import { checkRepositories } from './repositories.ts';
import { checkTls } from './tls.ts';
import { checkTrustedProxies } from './trusted-proxies.ts';

const checks = [
  checkNames,
  checkHosts,
  checkBackends,
  checkPorts,
  checkBlobStores,
  checkTls,
  checkAcme,
  checkRepositories,
  checkCycles,
  checkAuth,
  checkPrefetch,
  checkTrustedProxies,
];

/** What is wrong between keys that are each right by themselves, as far as they can be seen; `addedHosts` are not in the file. */
export function crossCheck(outline: Outline, addedHosts: readonly string[]): Finding[] {
  return checks.flatMap((check) => [...check(outline, addedHosts)]);
}
