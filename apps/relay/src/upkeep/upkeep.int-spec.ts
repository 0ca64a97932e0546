import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import { Registry } from 'prom-client';
import { FLEET_EVENTS, MAIL_SENDER_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { UpkeepService } from './upkeep.service';

const HOUR_MS = 3_600_000;
const MAIL_COMMANDS = 'mail:commands-of-this-deployment';
const GATEWAY_EVENTS = 'gateway:events-of-this-deployment';
const servers = testServers();
let admin: Database;
let database: Database;
let nowMs = 1_700_000_000_000;
let server: MemoryServer;
let keepers: Keeper[] = [];

const lines: { event: string; groups?: string[] }[] = [];
const logger = pino(
  { level: 'info' },
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString('utf8')) as { event: string });
      done();
    },
  }),
);

const databaseOn = (url: string): Database =>
  new Database({ url, poolSize: 4, applicationName: 'upkeep-spec', startupTimeoutMs: 5_000, logger });

beforeAll(() => {
  admin = databaseOn(servers.postgresUrl());
  database = databaseOn(servers.postgresUrl('odograph_relay'));
});
afterAll(() => Promise.all([admin.stop(1_000), database.stop(1_000)]));
beforeEach(() => {
  server = new MemoryServer(() => nowMs);
  lines.length = 0;
});
afterEach(async () => {
  await Promise.all(keepers.map((keeper) => keeper.stop()));
  keepers = [];
});

interface Keeper {
  readonly ownership: Ownership;
  done(task: string, result?: string): Promise<number>;
  gauge(name: string, reason: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

async function keeper(intervalMs = HOUR_MS): Promise<Keeper> {
  const leaseTimeMs = 30_000;
  const registry = new Registry();
  const ownership = new Ownership(new LeaseTable(database, `spec/${randomUUID()}`, leaseTimeMs), {
    ...{ app: 'upkeep', resources: ['upkeep'], leaseTimeMs, logger },
  });
  const service = new UpkeepService(
    {
      ...{ keepMs: 24 * HOUR_MS, intervalMs, streamKeepMs: 24 * HOUR_MS, daysAhead: 2 },
      agedStreams: [FLEET_EVENTS, GATEWAY_EVENTS, MAIL_COMMANDS],
      ...{ ledgerKeepMs: 48 * HOUR_MS, deadLetterKeepMs: 24 * HOUR_MS },
    },
    database,
    new MemoryStreams(server),
    ownership,
    logger,
    new Metrics(registry),
  );
  await ownership.start();
  await service.start();
  const made: Keeper = {
    ownership,
    done: async (task, result = 'done') => {
      const { values } = (await registry.getSingleMetric('odograph_relay_upkeep_total')?.get()) ?? {
        values: [],
      };
      return values.find(({ labels }) => labels['task'] === task && labels['result'] === result)?.value ?? 0;
    },
    gauge: async (name, reason) => {
      const { values } = (await registry.getSingleMetric(`odograph_${name}`)?.get()) ?? { values: [] };
      return values.find(({ labels }) => labels['reason'] === reason)?.value;
    },
    stop: async () => {
      await service.stop();
      await ownership.stop(1_000);
    },
  };
  keepers.push(made);
  return made;
}

const tended = (one: Keeper, times = 1) =>
  eventually(async () => (await one.done('streams')) >= 3 * times && (await one.done('outbox')) >= times, {
    what: 'upkeep',
  });

const DAYS = statement(
  'spec_upkeep_days',
  `SELECT count(*)::integer AS days FROM generate_series(current_date - 1, current_date + 2, interval '1 day') AS day
   WHERE to_regclass('telemetry.position_' || to_char(day, 'YYYYMMDD')) IS NOT NULL`,
);
const SLOTS = statement('spec_upkeep_slots', 'SELECT id FROM outbox.message ORDER BY id');

describe('Upkeep', () => {
  it('makes the missing days, empties the ring slots that were read, and trims streams by age', async () => {
    await admin.query(
      statement(
        'spec_upkeep_drop',
        `DO $$ BEGIN EXECUTE 'DROP TABLE telemetry.position_' || to_char(current_date + 2, 'YYYYMMDD'); END $$`,
      ),
    );
    await admin.query(
      statement(
        'spec_upkeep_messages',
        `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
         SELECT (extract(epoch FROM now())::bigint / 3600 - hours) % 48, 1, 3, 'fleet:events', 'k', gen_random_uuid(), 'default', 't', '{}',
           now() - hours * interval '1 hour'
         FROM (VALUES (30), (26), (1)) AS age (hours)`,
      ),
    );
    // The oldest was read, the second is still behind the cursor.
    await admin.query(
      statement(
        'spec_upkeep_cursor',
        `UPDATE outbox.cursor AS cursor SET (generation, xid, id) = (SELECT generation, xid, id FROM outbox.message ORDER BY id LIMIT 1)
         WHERE part = 3`,
      ),
    );
    const streams = new MemoryStreams(server);
    for (const stream of [FLEET_EVENTS, GATEWAY_EVENTS, MAIL_COMMANDS, NOTIFICATION_INTENTS]) {
      await streams.append(stream, { n: 'old' });
    }
    nowMs += 25 * HOUR_MS;
    await streams.append(FLEET_EVENTS, { n: 'new' });
    await streams.ensureGroup(FLEET_EVENTS, 'somebody');
    await streams.ensureGroup(MAIL_COMMANDS, MAIL_SENDER_GROUP);
    const one = await keeper();
    await tended(one);
    expect(await one.gauge('relay_rotation_blocked_slots', 'unread')).toBe(1);
    expect(await one.gauge('relay_rotation_blocked_slots', 'unclosed')).toBe(0);
    expect(await one.gauge('relay_ledger_open_hours', 'unread')).toBeGreaterThanOrEqual(1);
    for (const task of ['ledger', 'retry', 'dead_letters']) expect(await one.done(task)).toBe(1);
    expect(await admin.query(DAYS)).toEqual([{ days: 4 }]);
    expect(await admin.query(SLOTS)).toHaveLength(2);
    expect((await streams.info(FLEET_EVENTS, []))?.length).toBe(1);
    expect((await streams.info(GATEWAY_EVENTS, []))?.length).toBe(0);
    // The mail sender has not read its one yet; a deployment without one has no such group, and keeps nothing for it.
    expect((await streams.info(MAIL_COMMANDS, []))?.length).toBe(1);
    // Intents belong to their group: nothing of them goes by age.
    expect((await streams.info(NOTIFICATION_INTENTS, []))?.length).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'upkeep_unregistered_groups', groups: ['somebody'] }),
    );
  });

  it('is done by the holder of the lease only, and by the next one when that stops', async () => {
    const first = await keeper(20);
    const second = await keeper(20);
    await tended(first, 3);
    expect(await second.done('outbox')).toBe(0);
    await first.stop();
    const before = await first.done('outbox');
    await tended(second);
    expect(await first.done('outbox')).toBe(before);
  });

  it('does the other tasks when one fails, and comes back sooner', async () => {
    server.put(FLEET_EVENTS, 'no stream');
    const one = await keeper();
    await eventually(async () => (await one.done('streams', 'failed')) >= 2, { what: 'a second try' });
    expect(await one.done('partitions')).toBeGreaterThan(0);
    expect(await one.done('streams')).toBeGreaterThan(0);
  });
});
