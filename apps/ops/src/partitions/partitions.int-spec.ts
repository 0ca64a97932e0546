import { Client } from 'pg';
import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

const DAY_MS = 86_400_000;
const day = (offset: number): string => new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 10);
const tableOf = (offset: number): string => `position_${day(offset).replaceAll('-', '')}`;
const listed = async (...args: string[]): Promise<unknown[]> =>
  (await odo.many('partitions', 'list', ...args)).map(({ name }) => name);

const insert = (offset: number): Promise<unknown> =>
  odo.query(
    `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m,
       angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
     VALUES (1, $1, 1, now(), 0, 0, 0, 0, 9, 0, true, 0, 0, 8, 0, '')`,
    [`${day(offset)}T12:00:00Z`],
  );

describe('odo partitions', () => {
  it('makes the days around today, and takes along what DEFAULT has caught', async () => {
    await insert(-5);
    expect(await odo.done('partitions', 'ensure', '--days-back', '9')).toBe('missing days are made\n');
    expect(await odo.done('partitions', 'ensure', '--days-back', '9')).toMatch(/^nothing to do/);
    expect((await odo.auditOf('telemetry.position')).map(({ outcome }) => outcome)).toEqual([
      'added',
      'unchanged',
    ]);
    const rows = await odo.query('SELECT tableoid::regclass::text AS place FROM telemetry.position');
    expect(rows).toEqual([{ place: `telemetry.${tableOf(-5)}` }]);
  });

  it('lists every day in order, DEFAULT last, and until when each is kept', async () => {
    await odo.query('ANALYZE telemetry.position');
    const rows = await odo.many('partitions', 'list', '--keep', '3d');
    expect(rows.map(({ name }) => name)).toEqual([
      ...Array.from({ length: 12 }, (_, i) => tableOf(i - 9)),
      'position_default',
    ]);
    expect(rows[4]).toMatchObject({
      ...{ from: day(-5), to: day(-4), rows_estimate: 1, droppable_from: day(-1) },
      size_bytes: expect.any(Number) as unknown,
    });
    expect(rows.at(-1)).toMatchObject({ from: null, to: null, droppable_from: null });
    expect((await odo.many('partitions', 'list'))[4]).toMatchObject({ droppable_from: day(-4 + 3650) });
  });

  it('drops only with --yes, and nothing within what is kept', async () => {
    const drop = ['partitions', 'drop', '--keep', '3d', '--before'];
    const before = await listed();
    const told = await odo.run(...drop, day(-7));
    expect(told.status).toBe(2);
    expect(told.err).toContain(`--yes is missing; dropped would be ${tableOf(-9)}, ${tableOf(-8)}.`);
    expect((await odo.run(...drop, day(-2), '--yes')).err).toMatch(/^INPUT_INVALID: .*within what is kept/);
    expect((await odo.run('partitions', 'drop', '--before', day(-7), '--yes')).err).toMatch(
      /within what is kept/,
    );
    expect(await listed()).toEqual(before);

    expect(await odo.done(...drop, day(-4), '--yes')).toContain(`dropped telemetry.${tableOf(-5)}\n`);
    expect((await listed())[0]).toBe(tableOf(-4));
    expect(await odo.query('SELECT FROM telemetry.position')).toEqual([]);
    expect(await odo.auditOf(`telemetry.${tableOf(-5)}`)).toMatchObject([
      { action: 'partitions.drop', outcome: 'removed', had_before: true, after: null },
    ]);
    expect(await odo.done(...drop, day(-4), '--yes')).toBe('nothing to drop\n');
  });

  it('cannot be talked into dropping the last two days, whatever is said to be kept', async () => {
    const ran = await odo.run('partitions', 'drop', '--keep', '0s', '--before', day(-1), '--yes');
    expect(ran.status).toBe(1);
    expect(ran.err).toMatch(/within what is kept/);
    expect(await listed()).toContain(tableOf(-2));
  });

  it('leaves a day that is in use for later', async () => {
    const reader = new Client({ connectionString: servers.postgresUrl() });
    await reader.connect();
    try {
      await reader.query('BEGIN');
      await reader.query(`SELECT FROM telemetry.${tableOf(-4)}`);
      const drop = ['partitions', 'drop', '--keep', '2d', '--before', day(-3), '--yes'];
      expect(await odo.done(...drop)).toBe('nothing to drop\n');
      await reader.query('ROLLBACK');
      expect(await odo.done(...drop)).toContain(tableOf(-4));
    } finally {
      await reader.end();
    }
  });
});
