export { UpstreamFailure, type FailureKind } from './failure.ts';
export type { Outbound, UpstreamSettings } from './settings.ts';
export { createDestination, type Destination, type PushedBlob } from './destination.ts';
export { PushRefusal } from './push-refusal.ts';
export { createUpstream, type Upstream, type UpstreamDownload } from './upstream.ts';
export type { SearchHit } from './search-index.ts';
export type { UpstreamState } from './state.ts';
export type { UpstreamBlob } from './blobs.ts';
export type { UpstreamManifest } from './manifests.ts';
