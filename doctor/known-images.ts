/** Small images that anybody may pull, by the prefix of the registry that has them. */
const known: ReadonlyMap<string, string> = new Map([
  ['docker.io', 'library/hello-world:latest'],
  ['quay.io', 'podman/hello:latest'],
  ['ghcr.io', 'stefanprodan/podinfo:latest'],
  ['registry.k8s.io', 'pause:3.9'],
  ['gcr.io', 'distroless/static:latest'],
  ['mcr.microsoft.com', 'hello-world:latest'],
  ['public.ecr.aws', 'docker/library/hello-world:latest'],
]);

/** `docker.io/library/hello-world:latest`; undefined for a registry of which nothing is known. */
export function knownImage(prefix: string): string | undefined {
  const image = known.get(prefix);
  return image && `${prefix}/${image}`;
}
