/** RFC 9110 7.6.1 and 11.7; `keep-alive` and `proxy-connection` are older and still sent. */
const always: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Fields without which a message means something else; naming them in `Connection` must not remove them. */
const never: readonly string[] = ['content-length', 'host'];

/** The lower-case names of the fields that concern one connection only and must not be passed on. */
export function hopByHop(connection: string | undefined): ReadonlySet<string> {
  const listed = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set([...always, ...listed.filter((name) => !never.includes(name))]);
}
