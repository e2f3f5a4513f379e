export { buildRepositories, type Repositories } from './build.ts';
export { winnerOf, type MemberAnswer } from './explain.ts';
export type { FillFacts } from './fills.ts';
export { HostedRepository } from './hosted.ts';
export { noAnswer } from './no-answer.ts';
export type {
  FoundBlob,
  FoundManifest,
  OpenedBlob,
  Reach,
  ReadableRepository,
  Source,
} from './repository.ts';
export { prefetch, type PrefetchOptions, type WantedImage } from './prefetch.ts';
export type { PrefetchEvent } from './prefetch-event.ts';
export { Promises } from './promises.ts';
export type { GroupSettings, HostedSettings, ProxySettings, RepositorySettings } from './settings.ts';
export { PullNotes } from './usage.ts';
export { unlessAborted } from './unless-aborted.ts';
export { UploadSessions, type Chunk } from './uploads.ts';
