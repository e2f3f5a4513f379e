export { filesOnDisk } from './disk.ts';
export {
  NginxSyntaxError,
  parseNginx,
  type Directive,
  type NginxFiles,
  type Parsed,
  type Position,
  type Problem,
  type Word,
} from './parse.ts';
export { lintNginx, type Finding, type Severity } from './lint/index.ts';
export { translateNginx, type Translation } from './translate/index.ts';
export {
  emitFront,
  emitSplit,
  type Accel,
  type NginxFront,
  type NginxSplit,
  type Site,
} from './emit/index.ts';
