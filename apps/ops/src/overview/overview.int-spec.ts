import { Client } from 'pg';
import { Registry } from 'prom-client';
import { FLEET_EVENTS, NOTIFICATION_INTENTS, PROCESSOR_GROUP, telemetryStream } from '@app/common/contracts';
import { deliveryStreamSettings, readSettings } from '@app/common/config';
import { Database } from '@app/common/database';
import { Lifecycle } from '@app/common/lifecycle';
import { createLogger, Metrics } from '@app/common/observability';
import { RedisStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { OverviewMetrics } from './overview.metrics';
import { OverviewService } from './overview.service';

const SHARDS = 2;
const logger = createLogger({ app: 'test', level: 'silent' });

let owner: Client;
let database: Database;
let streams: RedisStreams;
// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(async () => {
  await Promise.all([owner.end(), database.stop(1000), streams.close()]);
});
const servers = testServers();
beforeAll(async () => {
  owner = new Client({ connectionString: servers.postgresUrl() });
  database = new Database({
    url: servers.postgresUrl('odograph_ops'),
    ...{ poolSize: 2, applicationName: 'test', startupTimeoutMs: 5000, logger },
  });
  streams = new RedisStreams({
    url: servers.redisUrl,
    ...{ fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
  });
  await Promise.all([owner.connect(), database.start(), streams.start()]);
});

function overview() {
  const registry = new Registry();
  const service = new OverviewService(new Lifecycle(logger, 1000), {
    ...{ database, streams, logger, metrics: new OverviewMetrics(new Metrics(registry)) },
    settings: {
      ...readSettings(deliveryStreamSettings, {}),
      ...{ TELEMETRY_SHARDS: SHARDS, OVERVIEW_EVERY: 5000 },
    },
  });
  return {
    service,
    /** `name{labels}` to value, of what is exposed. */
    exposed: async (): Promise<Map<string, number>> => {
      const lines = (await registry.metrics()).split('\n').filter((line) => line && !line.startsWith('#'));
      return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]));
    },
  };
}

const insertMessage = (part: number) =>
  owner.query(
    `INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
     VALUES (1, $1, 'fleet:events', 'k', gen_random_uuid(), 'default', '', '{}')`,
    [part],
  );

const shard = telemetryStream(0);
const ofGroup = `{stream="${shard}",group="${PROCESSOR_GROUP}"}`;

describe('the overview', () => {
  it('shows a system that has not begun: nothing anywhere, nothing unknown', async () => {
    const { service, exposed } = overview();
    await service.look();
    const values = await exposed();
    expect([...new Set(values.values())]).toEqual([0]);
    expect([...values.keys()].filter((key) => key.startsWith('odograph_stream_length'))).toHaveLength(
      2 * SHARDS + 6,
    );
    expect([...values.keys()]).toContain(
      `odograph_stream_group_lag{stream="${NOTIFICATION_INTENTS}",group="notification"}`,
    );
  });

  it('shows what waits, before and after a group reads, and what the outbox holds back', async () => {
    const { service, exposed } = overview();
    for (const n of ['1', '2', '3']) await streams.append(shard, { n });
    await streams.append(FLEET_EVENTS, { n: '1' });
    await service.look();
    let values = await exposed();
    expect(values.get(`odograph_stream_length{stream="${shard}"}`)).toBe(3);
    expect(values.get(`odograph_stream_length{stream="${FLEET_EVENTS}"}`)).toBe(1);
    expect(values.get(`odograph_stream_group_lag${ofGroup}`)).toBe(3);

    await streams.readOwned({ stream: shard, group: PROCESSOR_GROUP, consumer: 'a', epoch: 1n, count: 2 });
    for (const part of [3, 3, 5]) await insertMessage(part);
    await service.look();
    values = await exposed();
    expect(values.get(`odograph_stream_group_lag${ofGroup}`)).toBe(1);
    expect(values.get(`odograph_stream_group_pending${ofGroup}`)).toBe(2);
    expect(values.get(`odograph_stream_group_lag_unknown${ofGroup}`)).toBe(0);
    expect(values.get('odograph_outbox_backlog_parts')).toBe(2);

    await owner.query(
      `UPDATE outbox.cursor SET (generation, xid, id) = (SELECT generation, xid, id FROM outbox.message WHERE part = 5)
       WHERE part = 5`,
    );
    await service.look();
    expect((await exposed()).get('odograph_outbox_backlog_parts')).toBe(1);
    await insertMessage(5);
    await service.look();
    expect((await exposed()).get('odograph_outbox_backlog_parts')).toBe(2);
  });

  it('shows nothing of a store that does not answer, and goes on with the other', async () => {
    const { service, exposed } = overview();
    await service.look();
    await streams.close();
    await expect(service.look()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect([...(await exposed()).keys()]).toEqual(['odograph_outbox_backlog_parts']);
    await database.stop(1000);
    await expect(service.look()).rejects.toThrow();
    expect([...(await exposed()).keys()]).toEqual([]);
  });
});
