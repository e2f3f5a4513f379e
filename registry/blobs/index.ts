export * from './blob-store.ts';
export { openFilesystem } from './filesystem/index.ts';
export { withQuota } from './quota.ts';
