import { eventually, testServers, withClient } from '@app/common/testing';
import { type Client } from 'pg';
import { sql } from './database.testing';

const servers = testServers();

const HOUR_S = 3600;
const RING = 48;

describe('telemetry.ensure_position_partitions', () => {
  const DAY_MS = 86_400_000;
  const dayAt = (offset: number): Date => new Date(Math.floor(Date.now() / DAY_MS + offset) * DAY_MS);
  const tableOf = (day: Date): string => `position_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;

  const insert = (time: Date | string, digest: number): Promise<unknown> =>
    sql(
      servers.postgresUrl('odograph_processor'),
      `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m,
         angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
       VALUES (1, $1, $2, now(), 0, 0, 0, 0, 9, 0, true, 0, 0, 8, 0, '')`,
      [time, digest],
    );

  const whereIs = async (): Promise<Record<string, string>> => {
    const rows = await sql<{ digest: string; place: string }>(
      servers.postgresUrl(),
      `SELECT digest::text, tableoid::regclass::text AS place FROM telemetry.position`,
    );
    return Object.fromEntries(rows.map(({ digest, place }) => [digest, place.replace('telemetry.', '')]));
  };

  const ensure = async (back: number, ahead: number, client?: Client): Promise<number> => {
    const text = `SELECT telemetry.ensure_position_partitions(${back}, ${ahead}) AS made`;
    const rows = client
      ? (await client.query<{ made: number }>(text)).rows
      : await sql<{ made: number }>(servers.postgresUrl('odograph_relay'), text);
    return rows[0]?.made ?? -1;
  };

  it('takes the rows of a day that DEFAULT has caught along, and leaves the others', async () => {
    const [day, nextDay] = [dayAt(4), dayAt(5)];
    const lastMoment = new Date(nextDay.getTime() - 1);
    await insert(day, 1);
    await insert(lastMoment, 2);
    await insert(nextDay, 3);
    await insert('infinity', 4);
    await insert(dayAt(0), 5);
    expect(await whereIs()).toMatchObject({
      1: 'position_default',
      2: 'position_default',
      3: 'position_default',
    });

    expect(await ensure(1, 4)).toBe(2);
    expect(await whereIs()).toEqual({
      1: tableOf(day),
      2: tableOf(day),
      3: 'position_default',
      4: 'position_default',
      5: tableOf(dayAt(0)),
    });
    await expect(insert(day, 1)).rejects.toMatchObject({ code: '23505' });
    expect(await ensure(1, 4)).toBe(0);
  });

  it('uses UTC days whatever the time zone of its caller', async () => {
    await withClient(servers.postgresUrl('odograph_relay'), async (client) => {
      await client.query(`SET timezone = 'Pacific/Kiritimati'`);
      expect(await ensure(1, 7, client)).toBe(3);
    });
    await insert(dayAt(7), 70);
    expect(await whereIs()).toMatchObject({ 70: tableOf(dayAt(7)) });
  });

  it('called twice at once makes every day once', async () => {
    const made = await withClient(servers.postgresUrl('odograph_relay'), async (first) => {
      await first.query('BEGIN');
      const byFirst = await ensure(1, 9, first);
      const second = ensure(1, 9);
      await eventually(
        async () =>
          (await sql(servers.postgresUrl(), `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`))
            .length > 0,
        { what: 'the second call to wait for the first' },
      );
      await first.query('COMMIT');
      return [byFirst, await second];
    });
    expect(made).toEqual([2, 0]);
  });
});

describe('outbox.reclaim', () => {
  beforeEach(async () => {
    await sql(servers.postgresUrl(), 'TRUNCATE outbox.message, ops.ledger_hour, ops.event_ledger');
    await sql(servers.postgresUrl(), 'UPDATE outbox.cursor SET generation = 0, xid = DEFAULT, id = 0');
  });

  /** A message as if it had been written so many hours ago. */
  const writeAgo = async (hours: number, part: number): Promise<void> => {
    await sql(
      servers.postgresUrl(),
      `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
       VALUES ((extract(epoch FROM now())::bigint / ${HOUR_S} - $1) % ${RING}, 1, $2, 'fleet:events', 'k',
         gen_random_uuid(), 'default', 't', '{}', now() - $1 * interval '1 hour')`,
      [hours, part],
    );
  };
  /** The relay has published all that is there now. */
  const readAll = (part: number): Promise<unknown> =>
    sql(
      servers.postgresUrl('odograph_relay'),
      `UPDATE outbox.cursor c SET (generation, xid, id) = (
         SELECT generation, xid, id FROM outbox.message m WHERE m.part = c.part
         ORDER BY m.generation DESC, m.xid DESC, m.id DESC LIMIT 1)
       WHERE part = $1`,
      [part],
    );
  /** Writes every hour that has passed the cursors into the ledger; what of it is in the streams is not known here. */
  const close = (): Promise<unknown> =>
    sql(
      servers.postgresUrl('odograph_relay'),
      `SELECT ops.close_ledger_hour(to_timestamp((extract(epoch FROM now())::bigint / ${HOUR_S} - ago) * ${HOUR_S}), now(),
         part, generation, xid, id, '{}', '{}', 'infinity', true)
       FROM generate_series(2, 46) AS ago,
         (SELECT array_agg(part) AS part, array_agg(generation) AS generation, array_agg(xid) AS xid, array_agg(id) AS id
          FROM outbox.cursor) AS cursor`,
    );
  const hoursLeft = async (): Promise<number[]> => {
    const rows = await sql<{ ago: number }>(
      servers.postgresUrl(),
      `SELECT ((extract(epoch FROM now())::bigint / ${HOUR_S} - slot) % ${RING})::integer AS ago FROM outbox.message`,
    );
    return rows.map(({ ago }) => ago).sort((a, b) => a - b);
  };
  const reclaim = async (keep = '24 h'): Promise<number> => {
    const rows = await sql<{ slots: number }>(
      servers.postgresUrl('odograph_relay'),
      'SELECT outbox.reclaim($1) AS slots',
      [keep],
    );
    return rows[0]?.slots ?? -1;
  };

  it('empties what is old and read, and keeps what is recent', async () => {
    for (const hours of [0, 1, 24, 25, 30, 46]) await writeAgo(hours, 5);
    await readAll(5);
    await close();
    expect(await reclaim()).toBe(3);
    expect(await hoursLeft()).toEqual([0, 1, 24]);
    expect(await reclaim()).toBe(0);
  });

  it('leaves an old slot with one unread message of any part', async () => {
    await writeAgo(30, 5);
    await writeAgo(40, 5);
    await readAll(5);
    await writeAgo(30, 9);
    await close();
    expect(await reclaim()).toBe(1);
    expect(await hoursLeft()).toEqual([30, 30]);
    await readAll(9);
    await close();
    expect(await reclaim()).toBe(1);
  });

  it('leaves a slot whose read messages a rewound cursor wants again', async () => {
    await writeAgo(30, 5);
    await readAll(5);
    await close();
    await sql(servers.postgresUrl(), 'UPDATE outbox.cursor SET generation = 0 WHERE part = 5');
    expect(await reclaim()).toBe(0);
    expect(await hoursLeft()).toEqual([30]);
  });

  it('leaves slots that are in use to the next round, soon', async () => {
    for (const hours of [26, 28, 30, 32, 34, 36, 38, 40]) await writeAgo(hours, 5);
    await readAll(5);
    await close();
    const tookMs = await withClient(servers.postgresUrl('odograph_ops'), async (reader) => {
      await reader.query('BEGIN');
      await reader.query('SELECT count(*) FROM outbox.message');
      const startedAt = performance.now();
      expect(await reclaim()).toBe(0);
      await reader.query('COMMIT');
      return performance.now() - startedAt;
    });
    expect(tookMs).toBeLessThan(3_000);
    expect(await hoursLeft()).toHaveLength(8);
    expect(await reclaim()).toBe(8);
  });

  it('goes past one slot that is in use', async () => {
    for (const hours of [26, 30, 40]) await writeAgo(hours, 5);
    await readAll(5);
    await close();
    await withClient(servers.postgresUrl(), async (holder) => {
      const [row] = await sql<{ place: string }>(
        servers.postgresUrl(),
        'SELECT tableoid::regclass::text AS place FROM outbox.message ORDER BY id DESC LIMIT 1',
      );
      await holder.query('BEGIN');
      await holder.query(`LOCK TABLE ${row?.place} IN ACCESS SHARE MODE`);
      expect(await reclaim()).toBe(2);
      await holder.query('COMMIT');
    });
    expect(await hoursLeft()).toEqual([40]);
  });

  it('looks again after it has the lock: a message that a writer commits meanwhile is kept', async () => {
    await writeAgo(30, 5);
    await readAll(5);
    await close();
    await withClient(servers.postgresUrl(), async (writer) => {
      await writer.query('BEGIN');
      await writer.query(
        `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload)
         SELECT slot, 1, 9, topic, key, gen_random_uuid(), tenant_id, traceparent, 'late' FROM outbox.message`,
      );
      const reclaiming = reclaim();
      await eventually(
        async () =>
          (await sql(servers.postgresUrl(), `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`))
            .length > 0,
        { what: 'reclaim to wait for the writer' },
      );
      await writer.query('COMMIT');
      expect(await reclaiming).toBe(0);
    });
    expect(await hoursLeft()).toEqual([30, 30]);
  });

  it('leaves an hour that the ledger does not have', async () => {
    await writeAgo(30, 5);
    await readAll(5);
    expect(await reclaim()).toBe(0);
    await close();
    expect(await reclaim()).toBe(1);
  });

  it('opens an hour again that somebody has written into since it was closed, read or not', async () => {
    await writeAgo(30, 5);
    await readAll(5);
    await close();
    await writeAgo(30, 5);
    await readAll(5);
    expect(await reclaim()).toBe(0);
    await close();
    expect(
      await sql(servers.postgresUrl(), 'SELECT stage, count::integer FROM ops.event_ledger ORDER BY stage'),
    ).toEqual([
      { stage: 'committed', count: 2 },
      { stage: 'published', count: 2 },
    ]);
    expect(await reclaim()).toBe(1);
  });

  it('refuses to run where it could not look again, and to keep less than an hour or more than the ring holds', async () => {
    await expect(reclaim('0 h')).rejects.toThrow('between 1 and 46 hours');
    await expect(reclaim('47 h')).rejects.toThrow('between 1 and 46 hours');
    await withClient(servers.postgresUrl('odograph_relay'), async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await expect(client.query(`SELECT outbox.reclaim('24 h')`)).rejects.toThrow('READ COMMITTED');
    });
  });
});
