// The house rules as a graph. The area order is the law: a line may import only lines above it.
/** Specs, and what only specs use. */
const TESTS = '\\.(spec|int-spec|e2e-spec|testing)\\.ts$';

const areas = [
  'contracts',
  'errors',
  'config',
  'templates',
  'observability',
  'lifecycle',
  'health',
  'database',
  'leases',
  'streams',
  'outbox',
  'testing',
];

const layering = areas.slice(0, -1).map((area, i) => ({
  name: `common-${area}-looks-down-only`,
  comment:
    'Areas are ordered so that a change has one direction to spread in; see areas at the top of this file.',
  severity: 'error',
  from: { path: `^libs/common/src/${area}/`, pathNot: TESTS },
  to: { path: `^libs/common/src/(${areas.slice(i + 1).join('|')})/` },
}));

/** A driver has one owner area: everybody else speaks to the area's port. */
const drivers = [
  ['ioredis', '^libs/common/src/streams/'],
  ['pg', '^(libs/common/src/database/)'],
  ['typeorm', '^(libs/common/src/database/)'],
];

module.exports = {
  forbidden: [
    ...layering,
    ...drivers.map(([driver, owner]) => ({
      name: `${driver}-has-one-owner`,
      comment: `Only ${owner} imports ${driver}; use that area's door.`,
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: [owner, '^libs/common/src/testing/', TESTS],
      },
      to: { path: `^node_modules/${driver}/`, dependencyTypesNot: ['type-only'] },
    })),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-app-to-app',
      comment: 'Apps meet at streams and tables named in contracts, nowhere else.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-lib-to-app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|tools|test|bench)/' },
    },
    {
      name: 'no-app-to-tools',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^(tools|test|bench)/' },
    },
    {
      name: 'area-through-its-door',
      severity: 'error',
      from: { path: '^libs/common/src/([^/]+)/' },
      to: { path: '^libs/common/src/[^/]+/(?!index\\.ts$)', pathNot: '^libs/common/src/$1/' },
    },
    {
      name: 'app-uses-area-doors',
      severity: 'error',
      from: { path: '^(apps|tools|test|bench)/' },
      to: { path: '^libs/common/src/[^/]+/(?!index\\.ts$)' },
    },
    {
      name: 'feature-through-its-door',
      comment: 'A feature folder is entered only through its index.ts or its module.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/src/([^/]+)/' },
      to: {
        path: '^apps/$1/src/[^/]+/',
        pathNot: ['^apps/$1/src/$2/', '^apps/$1/src/[^/]+/(index|[^/]+\\.module)\\.ts$'],
      },
    },
    {
      name: 'codec-is-pure',
      comment: 'Bytes in, records out: no Nest, no I/O, nothing but itself.',
      severity: 'error',
      from: { path: '^libs/teltonika-codec/src', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^libs/teltonika-codec/' },
    },
    {
      name: 'production-never-imports-testing',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: [TESTS, '^libs/common/src/testing/'] },
      to: { path: '^libs/common/src/testing/' },
    },
    {
      name: 'production-never-imports-a-spec',
      severity: 'error',
      from: { pathNot: [TESTS, '^(test|bench)/'] },
      to: { path: TESTS },
    },
    {
      name: 'only-processor-decodes',
      severity: 'error',
      from: { pathNot: '^(apps/processor|apps/ops|libs/teltonika-codec|tools|bench|test)/' },
      to: { path: '^libs/teltonika-codec/' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependency-in-production',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: [TESTS, '^libs/common/src/testing/', '^libs/[^/]+/test/'],
      },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // csv-parse/sync and its like are entries of a package's exports, not files.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default'] },
    exclude: { path: '\\.(sql|lua)$' },
  },
};
