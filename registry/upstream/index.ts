export { UpstreamFailure, type FailureKind } from './failure.ts';
export type { UpstreamSettings } from './settings.ts';
export { createUpstream, type Upstream } from './upstream.ts';
export type { UpstreamBlob } from './blobs.ts';
export type { UpstreamManifest } from './manifests.ts';
