/**
 * A registries.conf for podman (containers-registries.conf(5)): a name without a registry is one of docker.io, each
 * registry of `mirrors` is asked for at its mirror, and those of `insecure` by plain HTTP.
 */
export function registriesConf(
  mirrors: Readonly<Record<string, string>>,
  insecure: readonly string[] = [],
): string {
  return [
    'unqualified-search-registries = ["docker.io"]',
    ...Object.entries(mirrors).map(
      ([registry, mirror]) =>
        `[[registry]]\nlocation = "${registry}"\n[[registry.mirror]]\nlocation = "${mirror}"`,
    ),
    ...insecure.map((registry) => `[[registry]]\nlocation = "${registry}"\ninsecure = true`),
    '',
  ].join('\n');
}
