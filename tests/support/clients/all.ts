import type { Machine } from '../machine.ts';
import type { Need } from '../require-programs.ts';
import { createBuildah } from './buildah.ts';
import type { Client } from './client.ts';
import { createContainerd } from './containerd.ts';
import { createDocker } from './docker.ts';
import { createPodman } from './podman.ts';
import { createSkopeo } from './skopeo.ts';

/** One row of a table test over the real clients. */
export interface ClientRow {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly create: (machine: Machine) => Promise<Client>;
}

/** Every client that Dockgate must serve, each with what the machine must have for it. */
export const CLIENTS: readonly ClientRow[] = [
  { name: 'docker', needs: ['namespaces', 'docker', 'dockerd'], create: (machine) => createDocker(machine) },
  { name: 'podman', needs: ['namespaces', 'podman'], create: createPodman },
  { name: 'buildah', needs: ['namespaces', 'buildah'], create: createBuildah },
  { name: 'skopeo', needs: ['namespaces', 'skopeo'], create: createSkopeo },
  { name: 'ctr', needs: ['namespaces', 'containerd', 'ctr'], create: createContainerd },
];
