import { setFlagsFromString } from 'node:v8';

/*
 * Keeps V8's young generation as small as it starts. What a socket delivers lies outside the JavaScript heap and is
 * freed when its small handle is collected. A large young generation fills so slowly with such handles that V8 collects
 * the whole heap instead, thirty times for each GiB of an upload: a fifth of its processor time, and 50 MiB more memory.
 * Loading modules makes it grow, so this must be the first import of the program.
 */
setFlagsFromString('--semi-space-growth-factor=1');
