import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/*
 * Reading some hundred TypeScript files is most of what a short command does; compiled once, it is half of that. The
 * folder is one that only whoever installed the program can write to: code is loaded from it, so the usual one, below
 * the folder for temporary files, would let every user of the machine choose what root runs.
 */
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/dockgate', import.meta.url)));
