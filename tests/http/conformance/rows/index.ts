import { base } from './base.ts';
import { discovery } from './discovery.ts';
import { management } from './management.ts';
import { pull } from './pull.ts';
import { pushBlobs } from './push-blobs.ts';
import { pushManifests } from './push-manifests.ts';

/** Every row that a registry which takes pushes must keep. OCI distribution-spec 1.1.1 and what follows it. */
export const rows = [...base, ...pull, ...pushBlobs, ...pushManifests, ...discovery, ...management];
