import { setFlagsFromString } from 'node:v8';

/*
 * Keeps V8's young generation as small as it starts. What a socket delivers lies outside the JavaScript heap and is
 * freed when its small handle is collected. A large young generation fills so slowly with such handles that V8 collects
 * the whole heap instead, twenty-five times for each GiB of an upload: a third of its processor time, and 50 MiB more
 * memory. Loading modules makes it grow, so this comes before they are loaded.
 */
setFlagsFromString('--semi-space-growth-factor=1');
