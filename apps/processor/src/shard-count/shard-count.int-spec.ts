import { TELEMETRY_SHARDS_FACT } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { createLogger } from '@app/common/observability';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { EdgeShards, IngestShards } from '.';

const logger = createLogger({ app: 'test', level: 'silent' });
let database: Database;
// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => database.stop(1_000));
const servers = testServers();
beforeAll(() => {
  database = new Database({
    url: servers.postgresUrl('odograph_processor'),
    ...{ poolSize: 2, applicationName: 'test', startupTimeoutMs: 5_000, logger },
  });
});

const mismatch = (detail: string): unknown =>
  expect.objectContaining({ code: 'SHARDS_MISMATCH', message: expect.stringContaining(detail) as unknown });

describe('the number of shards', () => {
  it('is what the first ingest says, for every ingest and edge after it', async () => {
    const facts = new MemoryStreams(new MemoryServer());
    await new IngestShards(database, facts, 8).start();
    await new IngestShards(database, facts, 8).start();
    await expect(new IngestShards(database, facts, 16).start()).rejects.toEqual(
      mismatch('TELEMETRY_SHARDS is 16, the database has 8'),
    );
    expect(await facts.deploymentFact(TELEMETRY_SHARDS_FACT)).toEqual({ value: '8', members: [] });
    const edge = (shards: number) =>
      new EdgeShards({ facts, shards, owner: `edge-${shards}/1`, logger, onMismatch: () => undefined });
    await expect(edge(16).start()).rejects.toEqual(mismatch('TELEMETRY_SHARDS is 16, Redis has 8'));
    expect((await facts.deploymentFact(TELEMETRY_SHARDS_FACT)).members).toEqual([]);
    const good = edge(8);
    await good.start();
    expect((await facts.deploymentFact(TELEMETRY_SHARDS_FACT)).members).toEqual(['edge-8/1']);
    await good.stop();
    expect((await facts.deploymentFact(TELEMETRY_SHARDS_FACT)).members).toEqual([]);
  });

  it('is not taken from an edge where the database knows better', async () => {
    const facts = new MemoryStreams(new MemoryServer());
    await facts.joinDeployment({ name: TELEMETRY_SHARDS_FACT, value: '4' });
    await expect(new IngestShards(database, facts, 8).start()).rejects.toEqual(mismatch('Redis'));
  });

  it('ends an edge under which it has changed', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
    try {
      const facts = new MemoryStreams(new MemoryServer());
      const told = jest.fn();
      const edge = new EdgeShards({ facts, shards: 8, owner: 'frozen/1', logger, onMismatch: told });
      await edge.start();
      await facts.leaveDeployment(TELEMETRY_SHARDS_FACT, 'frozen/1');
      await facts.switchDeployment(TELEMETRY_SHARDS_FACT, '16');
      await jest.advanceTimersByTimeAsync(6_000);
      expect(told).toHaveBeenCalledWith(mismatch('Redis has 16'));
      await edge.stop();
    } finally {
      jest.useRealTimers();
    }
  });
});
