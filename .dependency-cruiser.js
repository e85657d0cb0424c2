// The rooms of src/, each with those that it may import from; docs/architecture.md draws them.
const BASE = ['system', 'text', 'log'];
const PLAN = [...BASE, 'volumes', 'facts', 'tree', 'steps', 'plan'];
const MAY_IMPORT = {
  system: [],
  text: ['system'],
  log: ['system', 'text'],
  tree: ['system', 'text', 'facts'],
  volumes: ['system', 'text'],
  facts: ['system', 'text', 'volumes'],
  steps: ['system', 'text', 'tree', 'volumes', 'facts'],
  plan: ['system', 'text', 'volumes', 'facts', 'steps'],
  execute: PLAN,
  ramdisk: ['system', 'text', 'volumes', 'facts'],
  layer: [...PLAN, 'execute', 'ramdisk'],
  explain: [...PLAN, 'execute', 'ramdisk'],
  report: [...PLAN, 'execute', 'explain'],
  bundle: [...PLAN, 'execute', 'report'],
  remote: ['log', 'text', 'plan', 'bundle', 'report'],
  boot: [...PLAN, 'execute'],
  // The entries of heaps, as src/main.ts is one.
  'kept-heap': [...PLAN, 'execute', 'boot', 'cli', 'log'],
  distribution: PLAN,
  cli: [
    ...PLAN,
    ...['execute', 'ramdisk', 'layer', 'explain', 'report', 'bundle', 'remote', 'distribution'],
  ],
};

/** The doors to the kernel that are not its port: who decides must not know which one it is. */
const TENANTS = '^src/system/(ffi|dry-run|model/)';

/**
 * The types of all steps are drawn from their files, and each file says with which step its own is
 * undone. So this one, which all of them import, needs the type that is drawn from them.
 */
const STEP_KIND = '^src/steps/step-kind\\.ts$';

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one, or share a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: STEP_KIND } },
    },
    {
      name: 'step-kind-knows-types-only',
      comment: 'So the circles through it are none when the program runs.',
      severity: 'error',
      from: { path: STEP_KIND },
      to: { dependencyTypesNot: ['type-only'] },
    },
    ...Object.entries(MAY_IMPORT).map(([room, rooms]) => ({
      name: `${room}-looks-down`,
      comment: `src/${room} imports ${rooms.join(', ') || 'no other room'}; see CONTRIBUTING.md.`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/[^/]+/', pathNot: `^src/(${[room, ...rooms].join('|')})/` },
    })),
    {
      name: 'no-tenant-of-system',
      comment: 'What decides takes the System it is handed.',
      severity: 'error',
      from: { path: '^src/(facts|plan|steps|volumes|tree|text)/' },
      to: { path: TENANTS },
    },
    {
      name: 'one-door-to-ffi',
      comment: 'src/system/native-library.ts is the one file that knows ffi-napi.',
      severity: 'error',
      from: {
        path: '^(src|scripts|test)/',
        pathNot: '^(src/system/native-library\\.ts|test/unit/native/)',
      },
      to: { path: '(ffi|ref)-napi' },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(scripts|test)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
