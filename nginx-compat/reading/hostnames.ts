/** How closely a name with `*` or a leading dot fits a host; 0: not at all. Longer wildcards fit better. */
export function fitOf(pattern: string, host: string): number {
  const name = pattern.toLowerCase();
  if (name === host || name === `.${host}`) return 100_000;
  if (name.startsWith('.') || name.startsWith('*.')) {
    const tail = name.slice(name.indexOf('.'));
    return host.endsWith(tail) && host.length > tail.length ? 10_000 + tail.length : 0;
  }
  if (name.endsWith('.*')) return host.startsWith(name.slice(0, -1)) ? 1_000 + name.length : 0;
  return 0;
}
