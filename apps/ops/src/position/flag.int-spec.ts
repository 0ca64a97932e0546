import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

const IMEI = '356307042441013';
const MINUTE = ['--from', '2026-01-31T08:00:00Z', '--to', '2026-01-31T08:01:00Z'];

afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

const POSITIONS = `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m,
    angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
  SELECT $1::bigint, '2026-01-31T07:59:58Z'::timestamptz + second * interval '1 s', second, now(), 0, 0, 0, 0, 9, 0, true, 0, 0, 8,
    0, ''
  FROM generate_series(0, 99) AS second`;
const STATE = `INSERT INTO telemetry.device_state (device_id, version, settled, last_time, longitude, latitude)
  VALUES ($1, 7, '{"v": 1}', '2026-01-31T08:01:00Z', 253000000, 547000000)`;

/** What a processor does with what it is asked for. */
async function actAsProcessor(deviceId: unknown): Promise<void> {
  for (;;) {
    const [row] = await odo.query(
      `UPDATE telemetry.device_state SET resettling = NULL, settled = '{"v": 1, "anew": true}', version = version + 1
       WHERE device_id = $1 AND resettling IS NOT NULL RETURNING version`,
      [deviceId],
    );
    if (row !== undefined) break;
  }
  await odo.query(`UPDATE telemetry.event SET retracted_at = now() WHERE device_id = $1`, [deviceId]);
}

async function addEvent(deviceId: unknown): Promise<void> {
  await odo.query(
    `INSERT INTO telemetry.event (event_id, device_id, kind, reference, reference_version, occurred_at, confirmed_time,
       confirmed_digest, longitude, latitude, speed_kmh, details, historical)
     VALUES (gen_random_uuid(), $1, 'overspeed.started', 'rule:1', 1, '2026-01-31T08:00:10Z', now(), 1, 0, 0, 0, '{}', false)`,
    [deviceId],
  );
}

const faulty = async () => (await odo.query('SELECT 1 FROM telemetry.position WHERE faulty')).length;

it('hides records and shows them again, and asks for what follows from them', async () => {
  await odo.done('device', 'add', IMEI);
  const { id } = await odo.one('device', 'show', IMEI);
  await odo.query(POSITIONS, [id]);
  await odo.query(STATE, [id]);
  await addEvent(id);

  const waiting = odo.one('position', 'flag', IMEI, ...MINUTE, '--reason', 'antenna');
  await actAsProcessor(id);
  expect(await waiting).toMatchObject({ hidden: 60, settled: true, state: 'changed', events_added: [] });
  expect(await faulty()).toBe(60);

  const again = await odo.one('position', 'flag', IMEI, ...MINUTE, '--reason', 'antenna');
  expect(again).toMatchObject({ hidden: 0, settled: true, state: 'same' });

  const { status, out, err } = await odo.run(
    'position',
    'unflag',
    IMEI,
    ...MINUTE,
    '--reason',
    'it was fine',
    '--wait-s',
    '0',
  );
  expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('goes on') as string });
  expect(out).toContain('shown: 60\nsettled: false\n');
  expect(await faulty()).toBe(0);
  const [state] = await odo.query('SELECT version, resettling FROM telemetry.device_state');
  const [fromMs, untilMs] = ['2026-01-31T08:00:00Z', '2026-01-31T08:00:59Z'].map((text) => Date.parse(text));
  expect(state).toEqual({ version: 10n, resettling: { fromMs, untilMs, cursor: null } });

  // Asked for once more before it is done: from the earlier of both, to the end.
  const earlier = [
    '--from',
    '2026-01-31T07:59:00Z',
    '--to',
    '2026-01-31T08:00:01Z',
    '--reason',
    'both',
    '--wait-s',
    '0',
  ];
  await odo.run('position', 'flag', IMEI, ...earlier);
  expect((await odo.query('SELECT resettling FROM telemetry.device_state'))[0]).toEqual({
    resettling: { fromMs: Date.parse('2026-01-31T07:59:58Z'), untilMs: null, cursor: null },
  });

  expect((await odo.auditOf(IMEI)).map(({ action, outcome }) => [action, outcome])).toEqual([
    ['device.add', 'added'],
    ['position.flag', 'updated'],
    ['position.flag', 'unchanged'],
    ['position.unflag', 'updated'],
    ['position.flag', 'updated'],
  ]);
  expect((await odo.auditOf(IMEI))[1]).toMatchObject({ after: { reason: 'antenna', records: 60 } });
  const backwards = ['--from', '2026-02-01', '--to', '2026-01-31', '--reason', 'x'];
  expect((await odo.run('position', 'flag', IMEI, ...backwards)).err).toContain('--to is not behind --from');
  await odo.query('UPDATE telemetry.device_state SET resettling = NULL');
});

it('has a device settled anew, and tells what came of it', async () => {
  const { id } = await odo.one('device', 'show', IMEI);
  await odo.query('UPDATE telemetry.event SET retracted_at = NULL');
  const waiting = odo.done('device', 'rehydrate', IMEI);
  await actAsProcessor(id);
  const out = await waiting;
  expect(out).toContain(`imei: ${IMEI}\nsettled: true\nstate: `);
  expect(out).toContain('latest_after: 25.3, 54.7 at 2026-01-31T08:01:00.000Z\n');
  const other = '356307042441021';
  await odo.done('device', 'add', other);
  expect(await odo.one('device', 'rehydrate', other)).toMatchObject({ settled: true, state: 'none' });
  expect((await odo.auditOf(other)).at(-1)).toMatchObject({
    action: 'device.rehydrate',
    outcome: 'unchanged',
  });
  expect((await odo.run('device', 'rehydrate', '356307042441039')).err).toMatch(/^NOT_FOUND/);
});
