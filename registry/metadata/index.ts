export * from './metadata.ts';
export { openSqlite } from './sqlite/index.ts';
