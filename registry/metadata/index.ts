export * from './blocks.ts';
export * from './claims.ts';
export * from './downloads.ts';
export * from './eviction.ts';
export * from './metadata.ts';
export * from './pins.ts';
export * from './place.ts';
export { openSqlite } from './sqlite/index.ts';
export * from './usage.ts';
