import { setFlagsFromString } from 'node:v8';

/*
 * What a socket delivers lies outside the JavaScript heap and is freed when its small handle is collected. When that
 * comes late, V8 collects the whole heap instead, up to fifty times for each GiB of an upload: half its processor time,
 * and 50 MiB more memory. Two things make it come late.
 */

// A young generation that grew: it fills slowly with such handles. Loading modules makes it grow, so this comes first.
setFlagsFromString('--semi-space-growth-factor=1');
// A thread of its own that frees the memory: on a busy machine it does not get to run.
setFlagsFromString('--no-concurrent-array-buffer-sweeping');
