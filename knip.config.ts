import type { KnipConfig } from 'knip';

export default {
  entry: [
    'registry/index.ts',
    'scripts/*.{js,ts}',
    'tests/**/*.test.ts',
    'tests/contract/blobs/full-disk.ts',
  ],
  project: ['{bin,gateway,certs,doctor,nginx-compat,registry,web,scripts,tests}/**/*.{js,ts}'],
  // A type that is exported for its readers needs no importer.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Run by name: of Debian, not of npm.
  ignoreBinaries: ['nginx', 'unshare', 'flock'],
} satisfies KnipConfig;
