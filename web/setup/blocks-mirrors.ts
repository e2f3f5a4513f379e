import type { Block } from './block.ts';
import type { SetupFacts } from './facts.ts';

const DOCKER_HUB = 'docker.io';

/** How clients come here for the images of other registries without naming this one; empty when it caches none. */
export function mirrorBlocks(facts: SetupFacts): Block[] {
  if (facts.mirrors.length === 0) return [];
  return [
    ...(facts.mirrors.includes(DOCKER_HUB) ? [dockerMirror(facts)] : []),
    podmanMirror(facts),
    containerdMirror(facts),
    k3sMirror(facts),
    buildkitMirror(facts),
  ];
}

function dockerMirror({ registry, anonymous }: SetupFacts): Block {
  const needs = anonymous
    ? ''
    : ' docker sends no login to a mirror, and this registry wants one: set auth.anonymous: pull on the server, else docker goes on to Docker Hub.';
  return {
    id: 'mirror-docker',
    title: 'As a mirror: docker',
    steps: [
      {
        say: `In /etc/docker/daemon.json, then restart docker. It asks mirrors for images of Docker Hub only.${needs}`,
        code: JSON.stringify({ 'registry-mirrors': [`https://${registry}`] }, undefined, 2),
      },
    ],
  };
}

/** Docker Hub's at the bare host, so that own images of the same name are found; others under their prefix alone. */
function podmanMirror({ registry, mirrors }: SetupFacts): Block {
  const place = (mirror: string): string => (mirror === DOCKER_HUB ? registry : `${registry}/${mirror}`);
  const tables = mirrors.map(
    (mirror) =>
      `[[registry]]\nprefix = "${mirror}"\nlocation = "${mirror}"\n[[registry.mirror]]\nlocation = "${place(mirror)}"`,
  );
  return {
    id: 'mirror-podman',
    title: 'As a mirror: podman, buildah, skopeo, CRI-O',
    steps: [
      {
        say: `In /etc/containers/registries.conf.d/dockgate.conf. podman login ${registry} holds for the mirror too.`,
        code: tables.join('\n\n'),
      },
    ],
  };
}

function containerdMirror({ registry, mirrors, fingerprints }: SetupFacts): Block {
  const ca =
    fingerprints.length === 0 ? '' : `\n  ca = "/etc/containerd/certs.d/${registry}/dockgate-ca.crt"`;
  return {
    id: 'mirror-containerd',
    title: 'As a mirror: containerd',
    steps: mirrors.map((mirror) => ({
      say: `In /etc/containerd/certs.d/${mirror}/hosts.toml, after the containerd block above:`,
      code: `server = "https://${mirror === DOCKER_HUB ? 'registry-1.docker.io' : mirror}"\n[host."https://${registry}"]\n  capabilities = ["pull", "resolve"]${ca}`,
    })),
  };
}

function k3sMirror({ registry, mirrors }: SetupFacts): Block {
  const entries = mirrors.map((mirror) => `  ${mirror}:\n    endpoint:\n      - "https://${registry}"`);
  return {
    id: 'mirror-k3s',
    title: 'As a mirror: k3s, RKE2',
    steps: [
      {
        say: `In registries.yaml, besides the configs of the block above; add auth with username and password there where a login is needed.`,
        code: ['mirrors:', ...entries].join('\n'),
      },
    ],
  };
}

function buildkitMirror({ registry, mirrors }: SetupFacts): Block {
  return {
    id: 'mirror-buildkit',
    title: 'As a mirror: BuildKit',
    steps: [
      {
        say: 'In buildkitd.toml, besides the block above:',
        code: mirrors.map((mirror) => `[registry."${mirror}"]\n  mirrors = ["${registry}"]`).join('\n'),
      },
    ],
  };
}
