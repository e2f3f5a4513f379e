export { emitFront, type NginxFront } from './front.ts';
export { emitSplit } from './split.ts';
export type { Site } from './server.ts';
