import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from './paths';
import { ownWorkerServers } from './worker-servers';

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

interface Outcome {
  /** Of the file. */
  status: string;
  /** Of its tests. */
  tests: string[];
  message: string;
}

/** Runs planted spec files under the environment of the int specs, in a Jest of their own, one after the other. */
async function runPlanted(bodies: string[]): Promise<Outcome[]> {
  const root = repositoryRoot();
  const folder = mkdtempSync(join(root, 'libs/common/src/testing/planted-'));
  try {
    bodies.forEach((body, index) => writeFileSync(join(folder, `${index}.planted-spec.js`), body));
    const config = {
      rootDir: folder,
      testMatch: ['<rootDir>/*.planted-spec.js'],
      testEnvironment: join(root, 'libs/common/src/testing/leak-environment.ts'),
      testEnvironmentOptions: { leakGraceMs: 100 },
      transform: {
        '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }],
      },
      watchman: false,
    };
    const output = join(folder, 'report.json');
    const args = ['--config', JSON.stringify(config), '--json', '--outputFile', output, '--runInBand'];
    await new Promise<void>((resolve) => {
      const jest = join(root, 'node_modules/jest/bin/jest.js');
      execFile(process.execPath, [jest, ...args, '--forceExit'], { cwd: folder }, () => resolve());
    });
    const { testResults } = report.parse(JSON.parse(readFileSync(output, 'utf8')));
    return testResults
      .sort((a, b) => Number(parse(a.name).name.split('.')[0]) - Number(parse(b.name).name.split('.')[0]))
      .map(({ status, message, assertionResults }) => ({
        ...{ status, message },
        tests: assertionResults.map((each) => each.status),
      }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CLIENTS = `
const { Client } = require('pg');
const { Redis } = require('ioredis');
const { createServer } = require('node:net');
`;

describe('the leak check', () => {
  const { postgresPort, redisUrl } = ownWorkerServers();
  const newClient = `new Client({ connectionString: 'postgres://postgres@127.0.0.1:${postgresPort}/postgres' })`;
  const clean = `
    const client = ${newClient};
    const redis = new Redis('${redisUrl}');
    beforeAll(() => client.connect());
    afterAll(() => Promise.all([client.end(), redis.quit()]));
    it('works', (done) => {
      setTimeout(() => {}, 60_000).unref();
      clearTimeout(setTimeout(() => {}, 60_000));
      Promise.all([client.query('SELECT 1'), redis.ping()]).then(() => setTimeout(done, 1));
    });`;
  const leaking: [what: string, code: string, named: RegExp][] = [
    ['a timer', `setTimeout(() => {}, 60_000); done()`, /leaves open: timer made at .*planted-spec/],
    ['an interval', `setInterval(() => {}, 60_000); done()`, /leaves open: timer made at .*planted-spec/],
    ['a server', `createServer().listen(0, '127.0.0.1', done)`, /open: 1 listening server.*"127\.0\.0\.1"/s],
    [
      'a Redis client',
      `new Redis('${redisUrl}').ping().then(() => done())`,
      /open: 1 socket.*to 127\.0\.0\.1:/s,
    ],
    [
      'a PostgreSQL client',
      `${newClient}.connect().then(() => done())`,
      new RegExp(`open: 1 socket.*:${postgresPort}`, 's'),
    ],
    [
      'a child process',
      `require('node:child_process').spawn('sleep', ['5'], { stdio: 'ignore' }).on('spawn', done)`,
      /open: 1 child process.*\(sleep\)/s,
    ],
  ];
  let outcomes: Outcome[];
  beforeAll(async () => {
    const leaks = leaking.map(([, code]) => `it('leaks', (done) => { ${code}; });`);
    // The clean file last: what others left open before it is not its fault.
    outcomes = await runPlanted([...leaks, clean].map((body) => CLIENTS + body));
  }, 60_000);

  it('passes a file that closes what it opens', () => {
    expect(outcomes.at(-1)).toEqual({ status: 'passed', tests: ['passed'], message: '' });
  });

  it.each(leaking.map(([what, , named], index) => ({ what, named, index })))(
    'fails a file that leaves $what open, names it, and keeps the results of its tests',
    ({ named, index }) => {
      expect(outcomes[index]).toEqual({
        status: 'failed',
        tests: ['passed'],
        message: expect.stringMatching(named) as unknown,
      });
    },
  );
});
