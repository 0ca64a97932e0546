// JavaScript, since Jest would need ts-node to read it as TypeScript.
const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '\\.ts$': swc, '\\.(sql|lua|txt)$': '<rootDir>/tools/text-transform.cjs' },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'sql', 'lua', 'txt'],
  moduleNameMapper: {
    '^@app/common/(.*)$': '<rootDir>/libs/common/src/$1',
    '^@app/teltonika-codec$': '<rootDir>/libs/teltonika-codec/src',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.data'],
  injectGlobals: true,
};

/** @type {import('jest').Config} */
const servers = {
  ...shared,
  globalSetup: '<rootDir>/libs/common/src/testing/global-setup.ts',
  globalTeardown: '<rootDir>/libs/common/src/testing/global-teardown.ts',
  testEnvironment: '<rootDir>/libs/common/src/testing/leak-environment.ts',
};

/**
 * unit: no server. int: a PostgreSQL and a Redis of its own per worker. e2e: the built apps as processes.
 * @type {import('jest').Config}
 */
module.exports = {
  // Every worker of int and e2e gets servers of its own: more than a few cost more than they save.
  maxWorkers: 2,
  // Servers start, are killed and recover in int and e2e, on machines that are busy with other things.
  testTimeout: 30_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'] },
    {
      ...servers,
      displayName: 'int',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/*.int-spec.ts'],
    },
    { ...servers, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
  ],
};
