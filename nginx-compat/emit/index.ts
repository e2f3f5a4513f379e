export { emitFront, type Accel, type NginxFront } from './front.ts';
export { emitSplit, type NginxSplit } from './split.ts';
export type { Site } from './server.ts';
