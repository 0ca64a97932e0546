import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Client } from 'pg';
import { Registry } from 'prom-client';
import { Database } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { Metrics } from '@app/common/observability';
import { eventually, testServers, withClient } from '@app/common/testing';
import { retentionMetrics } from './retention.metrics';
import { RetentionService } from './retention.service';
import { letterOf, recordAgo, recordsAgo, routeOf } from './retention.testing';
import { sweepOnce, sweepsOf } from './sweep';

const DAY_MS = 86_400_000;
const KEEPS = { recordMs: 30 * DAY_MS, deadLetterMs: 90 * DAY_MS, malformedIntentMs: 60 * DAY_MS };
const logger = pino({ level: 'silent' });
let owner: Client;
let database: Database;
// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => Promise.all([owner.end(), database.stop(1000)]));
const servers = testServers();

beforeAll(async () => {
  owner = new Client({ connectionString: servers.postgresUrl() });
  database = new Database({
    url: servers.postgresUrl('odograph_notification'),
    ...{ poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000, logger },
  });
  await Promise.all([owner.connect(), database.start()]);
});
beforeEach(() =>
  owner.query(`TRUNCATE notification.record, notification.malformed_intent, notification.collapse,
    notification.allowance CASCADE`),
);

/** Every sweep once, with what each batch looked at and deleted. */
async function sweepAll(batch = 200, signal = new AbortController().signal) {
  const batches: { what: string; looked: number; deleted: number }[] = [];
  const deleted: Record<string, number> = {};
  for (const sweep of sweepsOf(KEEPS)) {
    const counted: Pick<Database, 'query'> = {
      query: async (statement, params) => {
        const rows = await database.query<never>(statement, params);
        for (const { looked, deleted: gone } of rows as { looked: number; deleted: number }[])
          batches.push({ what: sweep.what, looked, deleted: gone });
        return rows;
      },
    };
    deleted[sweep.what] = await sweepOnce(counted, sweep, { batch, pauseMs: 0 }, signal);
  }
  return { batches, deleted };
}

const idsOf = async (table: string, column: string): Promise<string[]> => {
  const { rows } = await owner.query<{ id: string }>(
    `SELECT ${column}::text AS id FROM notification.${table} ORDER BY 1`,
  );
  return rows.map(({ id }) => id);
};
const recordsLeft = () => idsOf('record', 'notification_id');
const sorted = (ids: readonly string[]) => [...ids].sort();

describe('retention of records', () => {
  it('takes records that are over, with their routes and decisions, and no others', async () => {
    const over = await recordAgo(owner, 31);
    for (const state of ['published', 'skipped', 'superseded', 'expired', 'dead_lettered'])
      await routeOf(owner, over, state);
    const without = await recordAgo(owner, 31);
    const young = await recordAgo(owner, 29);
    await routeOf(owner, young, 'published');
    const live: string[] = [];
    for (const state of ['pending', 'scheduled', 'publishing', 'retrying']) {
      const id = await recordAgo(owner, 400);
      await routeOf(owner, id, state);
      await routeOf(owner, id, 'published');
      live.push(id);
    }
    const touched = await recordAgo(owner, 400);
    await routeOf(owner, touched, 'published', { changedDaysAgo: 29 });
    const kept = [young, ...live, touched, await recordAgo(owner, 400, 'waiting')];
    expect((await sweepAll()).deleted['record']).toBe(2);
    expect(await recordsLeft()).toEqual(sorted(kept));
    expect(await recordsLeft()).not.toContain(without);
    expect(await idsOf('route', 'notification_id')).not.toContain(over);
    expect(await idsOf('route_decision', 'route_id')).toEqual(await idsOf('route', 'route_id'));
  });

  it('keeps what a notification under way will tell of', async () => {
    const lead = await recordAgo(owner, 40);
    const leadRoute = await routeOf(owner, lead, 'scheduled');
    const member = await recordAgo(owner, 40);
    await routeOf(owner, member, 'superseded', { foldedInto: leadRoute });
    await sweepAll();
    expect(await recordsLeft()).toEqual(sorted([lead, member]));
    await owner.query(
      `UPDATE notification.route SET state = 'published', reason = NULL, next_attempt_at = NULL, published_at = updated_at
       WHERE route_id = $1`,
      [leadRoute],
    );
    await sweepAll();
    expect(await recordsLeft()).toEqual([]);
  });

  it('goes in batches, and past those that have to stay', async () => {
    const stay = await recordsAgo(owner, 60, 150);
    for (const id of stay) await routeOf(owner, id, 'pending');
    await recordsAgo(owner, 40, 330);
    const { batches, deleted } = await sweepAll(100);
    expect(deleted['record']).toBe(330);
    expect(await recordsLeft()).toEqual(sorted(stay));
    const ofRecords = batches.filter(({ what }) => what === 'record');
    expect(ofRecords.map(({ looked }) => looked)).toEqual([100, 100, 100, 100, 80]);
    expect(ofRecords.map(({ deleted: gone }) => gone)).toEqual([0, 50, 100, 100, 80]);
  });

  it('takes a dead letter after its own time, resolved or not, and the record after the letter', async () => {
    const ids: Record<string, string> = {};
    for (const [name, days, isResolved] of [
      ['open in time', 89, false],
      ['resolved in time', 89, true],
      ['open and late', 91, false],
      ['resolved and late', 91, true],
    ] as const) {
      const id = await recordAgo(owner, 100);
      await letterOf(owner, await routeOf(owner, id, 'dead_lettered'), days, isResolved);
      ids[name] = id;
    }
    const { deleted } = await sweepAll();
    expect([deleted['dead_letter'], deleted['record']]).toEqual([2, 2]);
    expect(await recordsLeft()).toEqual(sorted([ids['open in time'] ?? '', ids['resolved in time'] ?? '']));
    expect(await idsOf('dead_letter', 'notification_id')).toEqual(await recordsLeft());
    expect(await idsOf('dead_letter_resolution', 'dead_letter_id')).toHaveLength(1);
  });
});

describe('retention of the rest', () => {
  it('takes malformed intents after their own time', async () => {
    await owner.query(
      `INSERT INTO notification.malformed_intent (stream_entry_id, fields_digest, code, message, raw_fields, recorded_at)
       SELECT days || '-0', 'd', 'type_unknown', 'm', '{}', now() - days * interval '1 day'
       FROM unnest(ARRAY[100, 80, 61, 59, 1]) AS days`,
    );
    const { batches, deleted } = await sweepAll(2);
    expect(deleted['malformed_intent']).toBe(3);
    expect(batches.filter(({ what }) => what === 'malformed_intent').map((one) => one.deleted)).toEqual([
      2, 1,
    ]);
    expect(await idsOf('malformed_intent', 'stream_entry_id')).toEqual(['1-0', '59-0']);
  });

  it('takes what replaced older events, and allowances, when nothing can hang on them any more', async () => {
    await owner.query(
      `INSERT INTO notification.collapse (tenant_id, channel, recipient, collapse_key, newest_occurred_at,
         newest_notification_id, updated_at)
       SELECT 'default', 'push', 'anna', 'key ' || days, now(), gen_random_uuid(), now() - days * interval '1 day'
       FROM unnest(ARRAY[10, 29, 31, 40, 50]) AS days`,
    );
    await owner.query(
      `INSERT INTO notification.allowance (channel, recipient, notification_type, window_starts_at, used)
       SELECT 'push', 'anna', 'type.' || days, now() - days * interval '1 day', 1 FROM unnest(ARRAY[0, 7, 9]) AS days`,
    );
    const { deleted } = await sweepAll(2);
    expect([deleted['collapse'], deleted['allowance']]).toEqual([3, 1]);
    expect(await idsOf('collapse', 'collapse_key')).toEqual(['key 10', 'key 29']);
    expect(await idsOf('allowance', 'notification_type')).toEqual(['type.0', 'type.7']);
  });

  it.each([
    [`delete_records('2 days', 10, '{-infinity,00000000-0000-0000-0000-000000000000}')`],
    [`delete_dead_letters('23 hours', 10)`],
    [`delete_malformed_intents('2 days', 10)`],
    [`delete_collapse('2 days', 10, '{"","","",""}')`],
    [`delete_allowances('6 days', 10, '{"","",""}')`],
  ])('is refused by the database for less than what others need: %s', async (call) => {
    await expect(owner.query(`SELECT notification.${call}`)).rejects.toMatchObject({ code: '22023' });
  });
});

describe('retention beside intake and publishing', () => {
  it('leaves what somebody holds, without waiting for it', async () => {
    const [replayed, reopened, free] = [
      await recordAgo(owner, 40),
      await recordAgo(owner, 40),
      await recordAgo(owner, 40),
    ];
    const route = await routeOf(owner, reopened, 'published');
    await withClient(servers.postgresUrl(), async (holder) => {
      await holder.query('BEGIN');
      await routeOf(holder, replayed, 'pending');
      await holder.query(
        `UPDATE notification.route SET state = 'retrying', published_at = NULL, next_attempt_at = now() WHERE route_id = $1`,
        [route],
      );
      expect((await sweepAll()).deleted['record']).toBe(1);
      await holder.query('COMMIT');
    });
    expect(await recordsLeft()).toEqual(sorted([replayed, reopened]));
    expect(await recordsLeft()).not.toContain(free);
    expect((await sweepAll()).deleted['record']).toBe(0);
  });

  it('holds no lock that an intake or a publisher could wait for', async () => {
    for (const id of await recordsAgo(owner, 40, 20)) await routeOf(owner, id, 'published');
    const live = await recordAgo(owner, 40);
    const due = await routeOf(owner, live, 'pending');
    const COLLAPSE = `INSERT INTO notification.collapse VALUES ('default', 'push', 'anna', $1, now(), gen_random_uuid(),
      now() - $2 * interval '1 day') ON CONFLICT (tenant_id, channel, recipient, collapse_key) DO UPDATE SET updated_at = now()`;
    await owner.query(COLLAPSE, ['old', 40]);
    await owner.query(COLLAPSE, ['new', 0]);
    await withClient(servers.postgresUrl('odograph_notification'), async (sweeper) => {
      await sweeper.query('BEGIN');
      for (const { statement, keepMs, start } of sweepsOf(KEEPS))
        await sweeper.query(statement.text, [keepMs, 200, ...(start === undefined ? [] : [start])]);
      await withClient(servers.postgresUrl(), async (intake) => {
        // Any wait at all is an error here.
        await intake.query(`SET lock_timeout = '1ms'`);
        const fresh = await recordAgo(intake, 0);
        await routeOf(intake, fresh, 'pending');
        await intake.query(COLLAPSE, ['new', 0]);
        await intake.query(COLLAPSE, ['another', 0]);
        const claimed = await intake.query(
          `UPDATE notification.route SET attempts = attempts + 1 WHERE route_id IN (
             SELECT route_id FROM notification.route WHERE state = 'pending' FOR UPDATE SKIP LOCKED) RETURNING route_id`,
        );
        expect(claimed.rows).toHaveLength(2);
        expect(claimed.rows).toContainEqual({ route_id: due });
      });
      await sweeper.query('COMMIT');
    });
    expect(await recordsLeft()).toHaveLength(2);
    expect(await idsOf('collapse', 'collapse_key')).toEqual(['another', 'new']);
  });
});

describe('the retention service', () => {
  const services: { service: RetentionService; ownership: Ownership }[] = [];
  afterEach(async () => {
    for (const { service, ownership } of services.splice(0)) {
      await service.stop();
      await ownership.stop(1000);
    }
  });

  async function start(options: { intervalMs: number; batch?: number; pauseMs?: number }) {
    const registry = new Registry();
    const leaseTimeMs = 30_000;
    const ownership = new Ownership(new LeaseTable(database, `spec/${randomUUID()}`, leaseTimeMs), {
      ...{ app: 'retention-spec', resources: ['retention-spec'], leaseTimeMs, logger },
    });
    const service = new RetentionService(
      { ...KEEPS, batch: 200, pauseMs: 0, ...options },
      database,
      ownership,
      retentionMetrics(new Metrics(registry)),
      logger,
    );
    services.push({ service, ownership });
    await ownership.start();
    await service.start();
    const count = async (name: string, what: string, result?: string): Promise<number> => {
      const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
      const wanted = values.find(
        ({ labels }) => labels['what'] === what && (result === undefined || labels['result'] === result),
      );
      return wanted?.value ?? 0;
    };
    return {
      ownership,
      service,
      rounds: (result = 'done') => count('notification_retention_total', 'allowance', result),
      failed: () => count('notification_retention_total', 'record', 'failed'),
      deleted: (what: string) => count('notification_retention_deleted_total', what),
    };
  }

  it('works in one instance at a time, and goes over to another', async () => {
    await recordsAgo(owner, 40, 3);
    const first = await start({ intervalMs: 20 });
    const second = await start({ intervalMs: 20 });
    await eventually(async () => (await first.rounds()) >= 3, { what: 'three rounds' });
    expect(await second.rounds()).toBe(0);
    expect(await first.deleted('record')).toBe(3);
    await first.service.stop();
    await first.ownership.stop(1000);
    await recordsAgo(owner, 40, 2);
    await eventually(async () => (await second.deleted('record')) === 2, { what: 'the other to take over' });
  });

  it('stops between two batches, however long the pause', async () => {
    await recordsAgo(owner, 40, 10);
    const one = await start({ intervalMs: 3_600_000, batch: 4, pauseMs: 3_600_000 });
    await eventually(async () => (await recordsLeft()).length === 6, { what: 'the first batch' });
    await one.service.stop();
    expect(await recordsLeft()).toHaveLength(6);
  });

  it('goes on with the others when one kind fails', async () => {
    await recordsAgo(owner, 40, 1);
    await owner.query(
      `INSERT INTO notification.allowance VALUES ('push', 'anna', 'type', now() - interval '9 days', 1)`,
    );
    await owner.query('REVOKE EXECUTE ON FUNCTION notification.delete_records FROM odograph_notification');
    try {
      const one = await start({ intervalMs: 3_600_000 });
      await eventually(async () => (await one.failed()) >= 2, { what: 'a second try' });
      expect(await one.deleted('allowance')).toBe(1);
      expect(await recordsLeft()).toHaveLength(1);
    } finally {
      await owner.query('GRANT EXECUTE ON FUNCTION notification.delete_records TO odograph_notification');
    }
  });
});
