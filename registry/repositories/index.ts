export { buildRepositories, type Repositories, type Stores } from './build.ts';
export { GroupRepository } from './group.ts';
export { HostedRepository, type StoredManifest } from './hosted.ts';
export { matcher } from './glob.ts';
export { noAnswer } from './no-answer.ts';
export type { FoundManifest, OpenedBlob, Reach, ReadableRepository, Source } from './repository.ts';
export type { GroupSettings, HostedSettings, ProxySettings, RepositorySettings } from './settings.ts';
export { UploadSessions, type Chunk } from './uploads.ts';
