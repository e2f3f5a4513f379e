export { filesOnDisk } from './disk.ts';
export { NginxSyntaxError, parseNginx, type Directive, type Parsed } from './parse.ts';
export { lintNginx, type Finding } from './lint/index.ts';
export { translateNginx, type Translation } from './translate/index.ts';
export { emitFront, emitSplit, type NginxFront, type Site } from './emit/index.ts';
