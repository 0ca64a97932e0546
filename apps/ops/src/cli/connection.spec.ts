import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveDatabaseUrl } from './connection';
import { findRunningStack } from './running-stack';

const GIVEN = 'postgres://someone@db/fleet';

describe('the database of a command', () => {
  const directory = mkdtempSync(join(tmpdir(), 'odo-connection-'));
  const stackFile = join(directory, '.data', 'stack.json');
  let server: Server;
  let port: number;

  beforeAll(async () => {
    mkdirSync(join(directory, '.data'));
    server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    port = address.port;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });
  afterEach(() => rmSync(stackFile, { force: true }));

  const writeStack = (databasePort: number) => {
    const stack = {
      databaseUrl: `postgres://postgres:secret@127.0.0.1:${databasePort}/odograph`,
      redisUrl: 'redis://127.0.0.1:6379',
      edge: { host: '127.0.0.1', port: 5027 },
      probes: { processor: 9101, relay: 9102, notification: 9103 },
    };
    writeFileSync(stackFile, JSON.stringify(stack));
    return stack;
  };
  const resolve = (source: { flag?: string; environment?: Record<string, string> }, owner = false) =>
    resolveDatabaseUrl(
      { flag: source.flag, environment: source.environment ?? {}, directory },
      owner ? 'owner' : 'operator',
    );

  it('is what the flag says, else DATABASE_URL, each as it is', async () => {
    writeStack(port);
    const environment = { DATABASE_URL: GIVEN };
    expect(await resolve({ flag: 'postgres://flag@db/x', environment })).toBe('postgres://flag@db/x');
    expect(await resolve({ environment })).toBe(GIVEN);
  });

  it("is else the running stack's, under the operator's role where the command only edits", async () => {
    const stack = writeStack(port);
    expect(await resolve({})).toBe(`postgres://odograph_ops@127.0.0.1:${port}/odograph`);
    expect(await resolve({}, true)).toBe(stack.databaseUrl);
    expect(await findRunningStack(directory)).toEqual(stack);
  });

  it('is missing in one clear line, also beside the file of a stack that is gone', async () => {
    await expect(resolve({})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const gone = createServer();
    await new Promise<void>((done) => gone.listen(0, '127.0.0.1', done));
    const address = gone.address();
    await new Promise((done) => gone.close(done));
    writeStack(address !== null && typeof address !== 'string' ? address.port : 0);
    await expect(resolve({})).rejects.toThrow('no stack runs in this folder');
    expect(await findRunningStack(directory)).toBeUndefined();
  });

  it('is refused when it is no URL of PostgreSQL, without repeating it', async () => {
    await expect(resolve({ flag: 'mysql://u:secret@h/d' })).rejects.toThrow(
      /--database-url is no URL of the form postgres(?!.*secret)/,
    );
    await expect(resolve({ environment: { DATABASE_URL: 'mysql://u:secret@h/d' } })).rejects.toThrow(
      /DATABASE_URL(?!.*secret)/,
    );
    writeFileSync(stackFile, '{"databaseUrl":');
    await expect(resolve({})).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
