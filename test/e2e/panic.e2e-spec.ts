import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually, testServers } from '@app/common/testing';
import { System } from './system.testing';

/** Loaded before the app, so that its built code is what panics. */
const HOOK = `
process.on('SIGUSR2', () => { throw new Error('planted exception'); });
process.on('SIGPIPE', () => { void Promise.reject(new Error('planted rejection')); });
`;

const dumpSchema = z.object({
  app: z.literal('processor'),
  kind: z.string(),
  error: z.string(),
  stack: z.string(),
  held: z.object({
    ingest: z.object({
      shards: z.array(z.string()),
      inFlight: z.array(z.record(z.string(), z.array(z.string()))),
      breaker: z.string(),
      sink: z.object({ devicesCached: z.number() }),
    }),
    edge: z.object({ sessions: z.number() }),
    postgres: z.object({ size: z.number() }),
  }),
});

describe('a processor that meets an error that nobody caught', () => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-panic-'));
  const hook = join(folder, 'hook.cjs');
  let system: System | undefined;
  afterEach(() => system?.stop());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const dumps = () => readdirSync(folder).filter((name) => name.includes('-panic-'));

  it('says what it held, ends so that it is started again, and loses nothing', async () => {
    writeFileSync(hook, HOOK);
    system = await System.start(servers, {
      restartDead: true,
      settings: { processor: { NODE_OPTIONS: `--require ${hook}`, TMPDIR: folder } },
    });
    const { stack, fleet } = system;
    const driven = fleet.run();
    await system.acked(300);
    const panics = [
      ['SIGUSR2', 'uncaughtException', 'planted exception'],
      ['SIGPIPE', 'unhandledRejection', 'planted rejection'],
    ] as const;
    for (const [index, [signal, kind, error]] of panics.entries()) {
      const pid = stack.pidOf('processor') ?? 0;
      process.kill(pid, signal);
      await eventually(() => dumps().length === index + 1, { what: 'the panic file', timeoutMs: 20_000 });
      const file = dumps().find((name) => name.includes(`-${pid}.`)) ?? '';
      const dump = await eventually(
        () => {
          const text = readFileSync(join(folder, file), 'utf8');
          return text.trimEnd().endsWith('}') && dumpSchema.parse(JSON.parse(text));
        },
        { what: 'the panic file to be written' },
      );
      expect(dump).toMatchObject({ kind, error });
      expect(dump.held.ingest.shards.length).toBeGreaterThan(0);
      await eventually(() => (stack.pidOf('processor') ?? pid) !== pid, {
        ...{ what: 'the processor to be started again', timeoutMs: 30_000 },
      });
      await system.acked(fleet.stats().ackedRecords + 100);
      // Acks come from its edge: it holds shards again only when the leases of its last life have run out.
      await eventually(() => ownsShards(stack.addresses.probes['processor']), {
        ...{ what: 'shards to be owned again', timeoutMs: 30_000 },
      });
    }
    await driven;
    expect(await system.differences()).toEqual([]);
  }, 180_000);
});

async function ownsShards(probePort: number | undefined): Promise<boolean> {
  const metrics = await (await fetch(`http://127.0.0.1:${probePort}/metrics`)).text();
  return Number(/^odograph_ingest_shards_owned(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0) > 0;
}
