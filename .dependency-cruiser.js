/** The import ladder of docs/architecture.md. Each rule says what to do instead. */
const rooms = '^(gateway|certs|doctor|nginx-compat|registry|web)/';
const owner = (library, file) => ({
  name: `one-owner-of-${library.replaceAll(/[^a-z]/g, '-')}`,
  comment: `Only ${file} imports ${library}; call what it exports, so that the library can be exchanged in one place.`,
  severity: 'error',
  from: { path: rooms, pathNot: `^${file}` },
  to: { path: `node_modules/(@types/)?${library}/` },
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two files that import each other are one file or lack a third: move the shared word down a step.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-imports-gateway',
      comment:
        'The gateway is the front door and sits on top: pass what is needed in as an argument from gateway/main.ts or a command.',
      severity: 'error',
      from: { path: '^(certs|doctor|nginx-compat|registry|web)/' },
      to: { path: '^gateway/' },
    },
    {
      name: 'rooms-through-their-index',
      comment: 'Enter another room through its index.ts; export there what the gateway may use.',
      severity: 'error',
      from: { path: '^gateway/' },
      to: {
        path: '^(certs|doctor|nginx-compat|registry|web)/',
        pathNot: '^(certs|doctor|nginx-compat|registry|web)/index\\.ts$',
      },
    },
    {
      name: 'leaf-rooms-stand-alone',
      comment:
        'certs, doctor, nginx-compat and web import nothing of ours but themselves: hand them what they need as plain values.',
      severity: 'error',
      from: { path: '^(certs|doctor|nginx-compat|web)/' },
      to: { path: '^(gateway|registry)/' },
    },
    {
      name: 'leaf-rooms-apart',
      comment:
        'certs, doctor, nginx-compat and web do not know each other: let the gateway bring them together.',
      severity: 'error',
      from: { path: '^(certs|doctor|nginx-compat|web)/' },
      to: { path: '^(certs|doctor|nginx-compat|web)/', pathNot: '^$1/' },
    },
    {
      name: 'registry-stands-alone',
      comment: 'The engine is a library: settings, stores and the log are arguments of createRegistry.',
      severity: 'error',
      from: { path: '^registry/' },
      to: { path: '^(gateway|certs|doctor|nginx-compat|web)/' },
    },
    {
      name: 'model-imports-nothing',
      comment:
        'registry/model holds pure words: no other room, no library, no I/O. Move what needs those one room up.',
      severity: 'error',
      from: { path: '^registry/model/' },
      to: { pathNot: '^registry/model/' },
    },
    {
      name: 'stores-know-only-the-model',
      comment:
        'blobs, metadata and upstream each speak the model only: bring two of them together in repositories/.',
      severity: 'error',
      from: { path: '^registry/(blobs|metadata|upstream)/' },
      to: { path: '^registry/', pathNot: '^registry/($1|model)/' },
    },
    {
      name: 'access-below-http',
      comment:
        'access/ decides from metadata and model alone: HTTP and repositories call it, not the other way.',
      severity: 'error',
      from: { path: '^registry/access/' },
      to: { path: '^registry/', pathNot: '^registry/(access|metadata|model)/' },
    },
    {
      name: 'repositories-below-http',
      comment:
        'HTTP is unknown below http/, and repositories do not know who calls: pass values down, return values up.',
      severity: 'error',
      from: { path: '^registry/(repositories|upkeep)/' },
      to: { path: '^registry/(http|access|index)' },
    },
    {
      name: 'no-tests-in-the-house',
      comment: 'The program never imports its tests: move what both need into the room it belongs to.',
      severity: 'error',
      from: { path: rooms },
      to: { path: '^(tests|scripts)/' },
    },
    {
      name: 'no-undeclared-library',
      comment:
        'Declare the library in package.json dependencies: what the program imports must be installed with it.',
      severity: 'error',
      from: { path: rooms },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        pathNot: 'node_modules/@types/',
      },
    },
    { ...owner('winston', 'gateway/log\\.ts') },
    { ...owner('http-proxy', 'gateway/forward/library\\.ts') },
    { ...owner('express', 'gateway/app\\.ts') },
    { ...owner('prom-client', 'gateway/api/') },
    { ...owner('cli-progress', 'gateway/cli/') },
    { ...owner('commander', 'gateway/(main|cli/)') },
    { ...owner('(yaml|zod)', 'gateway/config/') },
    { ...owner('node-forge', 'certs/') },
    { ...owner('selfsigned', 'certs/self-signed\\.ts') },
    { ...owner('kysely', 'registry/metadata/') },
    { ...owner('undici', '(registry/upstream/|certs/acme/transport\\.ts)') },
    { ...owner('jose', '(registry/access/tokens?\\.ts|certs/acme/account-key\\.ts)') },
    { ...owner('@node-rs/bcrypt', 'registry/access/') },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
