import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Credentials } from '../../doctor/index.ts';
import type { World } from './world.ts';

/** What docker and podman write when somebody logs in. containers-auth.json(5), docker's config.json. */
interface AuthFile {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** How long a credential helper may take, in ms; one that wants to be unlocked waits for a person. */
const patience = 30_000;

/**
 * Who `docker login HOST` or `podman login HOST` has logged in on this machine, from their files and credential helpers;
 * undefined for nobody, and for a token in place of a password.
 */
export async function storedLogin(host: string, { env }: World): Promise<Credentials | undefined> {
  for (const file of authFiles(env)) {
    const found = await readFile(file, 'utf8')
      .then((json) => credentialsIn(JSON.parse(json) as AuthFile, host, env))
      // Files that are not there, or not theirs, name nobody.
      .catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

function authFiles(env: World['env']): readonly string[] {
  const home = env.HOME ?? homedir();
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    join(env.DOCKER_CONFIG ?? join(home, '.docker'), 'config.json'),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env.XDG_CONFIG_HOME ?? join(home, '.config'), 'containers', 'auth.json'),
  ];
}

async function credentialsIn(
  { auths = {}, credHelpers = {}, credsStore }: AuthFile,
  host: string,
  env: World['env'],
): Promise<Credentials | undefined> {
  const helper = credHelpers[host] ?? credsStore;
  const helped = helper ? await askHelper(helper, host, env) : undefined;
  if (helped) return helped;
  const entry = Object.entries(auths).find(([key]) => hostOfKey(key) === host)?.[1];
  if (entry?.auth === undefined || entry.identitytoken) return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(entry.auth, 'base64').toString()) ?? [];
  return user && password ? { user, password } : undefined;
}

/** Older versions of docker wrote `https://HOST/v1/`. */
function hostOfKey(key: string): string {
  return key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
}

/** The protocol of docker's credential helpers: the host goes in, JSON comes out. */
async function askHelper(helper: string, host: string, env: World['env']): Promise<Credentials | undefined> {
  // The name comes from the user's own file, and docker starts it as it stands there too.
  const child = spawn(`docker-credential-${helper}`, ['get'], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: patience,
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  child.stdin.on('error', () => undefined).end(host);
  const said = await Promise.race([text(child.stdout), failed]).catch(() => '{}');
  const { Username: user, Secret: password } = parsed(said);
  return user && password && user !== '<token>' ? { user, password } : undefined;
}

function parsed(said: string): { readonly Username?: string; readonly Secret?: string } {
  try {
    return JSON.parse(said) as { readonly Username?: string };
  } catch {
    // "credentials not found in native keychain", for example.
    return {};
  }
}
