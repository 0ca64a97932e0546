import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

const IMEI = '356307042441013';
const OTHER = '356307042441021';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  // A role that can do nothing else is enough.
  operator: () => servers.postgresUrl('odograph_readonly'),
  owner: () => servers.postgresUrl(),
});

const ROWS = 2_500;

beforeAll(async () => {
  await odo.query('INSERT INTO telemetry.device (imei, name) VALUES ($1, $1), ($2, $2)', [IMEI, OTHER]);
  const insert = `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m,
      angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id, odometer_m, codec, flags, io)
    SELECT (SELECT id FROM telemetry.device WHERE imei = $1), $2::timestamptz, digest, now(), 252797012, 546871500,
      111, 90, 9, 50, true, 1, 0, 9007199254740993, 8, 0, '' FROM unnest($3::bigint[]) AS digest`;
  // All of one moment: what tells them apart, and so the pages, is the digest alone.
  const digests = Array.from({ length: ROWS }, (_, i) => (BigInt(i) - 1_250n) * 7_000_000_000_000_000n);
  await odo.query(insert, [IMEI, '2026-01-31T08:00:00Z', digests]);
  await odo.query(insert, [IMEI, '2026-02-01T00:00:00Z', [1n]]);
  await odo.query(insert, [IMEI, 'infinity', [-5n]]);
  await odo.query('UPDATE telemetry.position SET speed_kmh = NULL WHERE digest = -5');
  await odo.query(insert, [OTHER, '2026-01-31T08:00:00Z', [1n]]);
});

const csvRows = (text: string): unknown[] => z.array(z.unknown()).parse(parse(text, { columns: true }));

describe('odo position list', () => {
  it('gives every record of the time once, over any number of pages, in order', async () => {
    const rows = await odo.many('position', 'list', IMEI, '--from', '2026-01-31', '--to', '2026-02-01');
    const digests = rows.map(({ digest }) => BigInt(String(digest)));
    expect(new Set(digests).size).toBe(ROWS);
    expect(digests).toEqual([...digests].sort((a, b) => (a < b ? -1 : 1)));
    expect(rows[0]).toMatchObject({
      ...{ time: '2026-01-31T08:00:00.000Z', longitude: 25.2797012, latitude: 54.68715, speed_kmh: 50 },
      ...{ odometer_m: '9007199254740993', ignition: null },
    });
  });

  it('gives the same as CSV, a heading once', async () => {
    const text = await odo.done('position', 'list', IMEI, '--csv');
    expect(text.match(/longitude/g)).toHaveLength(1);
    const rows = csvRows(text);
    expect(rows).toHaveLength(ROWS + 2);
    expect(rows.at(-2)).toMatchObject({ time: '2026-02-01T00:00:00.000Z', latitude: '54.68715' });
    expect(rows.at(-1)).toMatchObject({ time: 'infinity', digest: '-5', speed_kmh: '' });
  });

  it('takes bounds as they are: from is in, to is out', async () => {
    const moment = '2026-02-01T00:00:00Z';
    const speeds = (await odo.many('position', 'list', IMEI, '--from', moment)).map(
      (row) => row['speed_kmh'],
    );
    expect(speeds).toEqual([50, null]);
    expect(await odo.many('position', 'list', IMEI, '--to', moment)).toHaveLength(ROWS);
    expect(await odo.done('position', 'list', OTHER, '--to', '2020-01-01')).toBe('none\n');
  });

  it('knows no such device', async () => {
    expect((await odo.run('position', 'list', '356307042441039')).err).toMatch(/^NOT_FOUND: .*\*1039/);
  });
});

describe('odo event list', () => {
  const insertEvent = (imei: string, kind: string, at: string, retracted: string | null = null) =>
    odo.query(
      `INSERT INTO telemetry.event (event_id, device_id, kind, reference, reference_version, occurred_at,
         confirmed_time, confirmed_digest, longitude, latitude, speed_kmh, details, historical, retracted_at)
       SELECT gen_random_uuid(), d.id, $2, 'r', 1, $3::timestamptz, $3::timestamptz, 1, 10000000, 20000000, 90,
         '{"a": 1}', false, $4::timestamptz
       FROM telemetry.device d CROSS JOIN generate_series(1, 1100) WHERE imei = $1`,
      [imei, kind, at, retracted],
    );
  beforeAll(async () => {
    await insertEvent(IMEI, 'overspeed.started', '2026-01-31T08:00:00Z');
    await insertEvent(OTHER, 'overspeed.ended', '2026-01-31T09:00:00Z');
    await insertEvent(OTHER, 'geofence.entered', '2026-01-31T09:00:00Z', '2026-01-31T10:00:00Z');
  });

  it('pages over all devices or one, by kind and time, without what was taken back', async () => {
    const all = await odo.many('event', 'list', '--all');
    expect(new Set(all.map(({ event_id: id }) => id)).size).toBe(2_200);
    expect(all.map(({ occurred_at: at }) => String(at))).toEqual(
      all.map(({ occurred_at: at }) => String(at)).sort(),
    );
    expect(all[0]).toMatchObject({ imei: IMEI, longitude: 1, latitude: 2, details: { a: 1 } });
    expect(await odo.many('event', 'list', '--all', '--retracted')).toHaveLength(3_300);
    expect(await odo.many('event', 'list', OTHER)).toHaveLength(1_100);
    expect(await odo.many('event', 'list', '--all', '--kind', 'overspeed.ended')).toHaveLength(1_100);
    expect(await odo.many('event', 'list', '--all', '--to', '2026-01-31T09:00:00Z')).toHaveLength(1_100);
    expect(csvRows(await odo.done('event', 'list', OTHER, '--csv'))[0]).toMatchObject({ details: '{"a":1}' });
  });

  it('wants one device or all', async () => {
    for (const args of [[], [IMEI, '--all']])
      expect((await odo.run('event', 'list', ...args)).err).toMatch(/name one device, or --all/);
    expect((await odo.run('event', 'list', '--all', '--kind', 'parked')).err).toMatch(/--kind is none of/);
  });
});
