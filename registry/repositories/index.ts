export { buildRepositories, type Repositories } from './build.ts';
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
export type { GroupSettings, HostedSettings, ProxySettings, RepositorySettings } from './settings.ts';
export { UploadSessions, type Chunk } from './uploads.ts';
