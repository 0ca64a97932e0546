import { testServers, type AppRole } from '@app/common/testing';
import { DatabaseError } from 'pg';
import { withClient } from './database.testing';

const servers = testServers();

const INSUFFICIENT_PRIVILEGE = '42501';

/** Runs as the role, in a transaction that is rolled back. Undefined where it may; else the SQLSTATE. */
async function tryAs(role: AppRole, text: string): Promise<string | undefined> {
  return withClient(servers.postgresUrl(role), async (client) => {
    await client.query('BEGIN');
    try {
      await client.query(text);
      return undefined;
    } catch (error) {
      return error instanceof DatabaseError ? error.code : String(error);
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

beforeAll(() =>
  withClient(servers.postgresUrl(), async (client) => {
    await client.query(`INSERT INTO telemetry.device (imei, name) VALUES ('356307042441013', 'one')`);
    await client.query(`INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c')`);
    await client.query(`INSERT INTO ops.lease VALUES ('shard:0', 'me', 1, now() + interval '10 s')`);
  }),
);

const POSITION = `INSERT INTO telemetry.position (device_id, time, digest, received_at, longitude, latitude, altitude_m,
  angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id, codec, flags, io)
  VALUES (1, now(), 1, now(), 0, 0, 0, 0, 9, 0, true, 0, 0, 8, 0, '') ON CONFLICT (device_id, time, digest) DO NOTHING`;
const MESSAGE = `INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
  VALUES (1, 0, 'fleet:events', 'k', '00000000-0000-5000-8000-000000000000', 'default', 't', '{}')`;
const RECORD = `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
  recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at)
  VALUES ('00000000-0000-5000-8000-000000000000', 'default', 't', 'p', 'user', '{u}', 'k', 'f', 's', '{}', 't', now())`;
const FENCE = `SELECT FROM ops.lease WHERE name = 'shard:0' AND epoch = 1 AND expires_at > clock_timestamp() FOR KEY SHARE`;

const may: [AppRole, string][] = [
  ['odograph_processor', FENCE],
  ['odograph_processor', POSITION],
  ['odograph_processor', MESSAGE],
  ['odograph_processor', `INSERT INTO telemetry.device (imei, name) VALUES ('356307042441014', 'two')`],
  [
    'odograph_processor',
    `INSERT INTO telemetry.device_state (device_id, version, settled) VALUES (1, 1, '{}')
     ON CONFLICT (device_id) DO UPDATE SET version = telemetry.device_state.version + 1`,
  ],
  ['odograph_processor', 'DELETE FROM telemetry.rule_checkpoint'],
  ['odograph_processor', 'SELECT FROM outbox.generation'],
  ['odograph_relay', FENCE],
  ['odograph_relay', 'SELECT FROM outbox.message WHERE part = 3'],
  ['odograph_relay', 'UPDATE outbox.cursor SET id = 1 WHERE part = 3'],
  ['odograph_relay', `SELECT outbox.reclaim('24 h')`],
  ['odograph_relay', 'SELECT telemetry.ensure_position_partitions(1, 2)'],
  ['odograph_notification', FENCE],
  ['odograph_notification', RECORD],
  ['odograph_notification', 'SELECT FROM notification.user_account'],
  ['odograph_notification', 'UPDATE notification.route SET attempts = attempts + 1'],
  ['odograph_ops', `INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c') RETURNING id, at`],
  ['odograph_ops', `UPDATE telemetry.device SET name = 'other'`],
  ['odograph_ops', 'DELETE FROM telemetry.subscription'],
  ['odograph_ops', 'SELECT FROM telemetry.position'],
  ['odograph_ops', 'SELECT FROM outbox.message'],
  ['odograph_ops', `UPDATE ops.command SET state = 'sent'`],
  ['odograph_readonly', 'SELECT FROM telemetry.position'],
  ['odograph_readonly', 'SELECT FROM telemetry.event'],
  ['odograph_readonly', 'SELECT io FROM telemetry.position_decoded'],
  ['odograph_readonly', `SELECT telemetry.io_value(8, '\\x000000000000', 1)`],
  ['odograph_ops', 'SELECT io FROM telemetry.position_decoded'],
  ...(
    [
      'odograph_processor',
      'odograph_relay',
      'odograph_notification',
      'odograph_ops',
      'odograph_readonly',
    ] as const
  ).map((role): [AppRole, string] => [role, 'SELECT name FROM public.odograph_migration']),
];

const mayNot: [AppRole, string][] = [
  ['odograph_processor', 'CREATE TABLE telemetry.mine (a integer)'],
  ['odograph_processor', 'CREATE TABLE public.mine (a integer)'],
  ['odograph_processor', 'ALTER TABLE telemetry.position ADD COLUMN mine integer'],
  ['odograph_processor', 'DROP TABLE telemetry.position_default'],
  ['odograph_processor', 'DELETE FROM telemetry.position'],
  ['odograph_processor', 'UPDATE telemetry.position SET flags = 0'],
  ['odograph_processor', 'TRUNCATE telemetry.position'],
  ['odograph_processor', 'INSERT INTO telemetry.position_default SELECT * FROM telemetry.position'],
  ['odograph_processor', `UPDATE telemetry.device SET name = 'other'`],
  ['odograph_processor', 'SELECT FROM outbox.message'],
  ['odograph_processor', 'DELETE FROM outbox.message'],
  ['odograph_processor', 'UPDATE outbox.cursor SET id = 1'],
  ['odograph_processor', `SELECT outbox.reclaim('24 h')`],
  ['odograph_processor', 'SELECT FROM ops.audit'],
  ['odograph_processor', 'SELECT FROM ops.command'],
  ['odograph_processor', `INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c')`],
  ['odograph_processor', 'SELECT FROM notification.user_account'],
  ['odograph_processor', 'UPDATE outbox.generation SET generation = 2'],
  ['odograph_relay', MESSAGE],
  ['odograph_relay', 'DELETE FROM outbox.message'],
  ['odograph_relay', 'TRUNCATE outbox.message_00'],
  ['odograph_relay', 'DELETE FROM outbox.cursor'],
  ['odograph_relay', 'SELECT FROM telemetry.device'],
  ['odograph_relay', 'SELECT FROM notification.record'],
  ['odograph_notification', 'SELECT FROM telemetry.position'],
  ['odograph_notification', 'SELECT FROM outbox.message'],
  ['odograph_notification', 'UPDATE notification.dead_letter SET attempts = 0'],
  ['odograph_notification', 'DELETE FROM notification.dead_letter'],
  ['odograph_notification', `UPDATE notification.user_account SET email = 'x'`],
  ['odograph_notification', 'DELETE FROM notification.record'],
  ['odograph_ops', `UPDATE ops.audit SET actor = 'somebody else'`],
  ['odograph_ops', 'DELETE FROM ops.audit'],
  ['odograph_ops', 'TRUNCATE ops.audit'],
  ['odograph_ops', 'DELETE FROM telemetry.device'],
  ['odograph_ops', 'DELETE FROM ops.command'],
  ['odograph_ops', 'INSERT INTO ops.lease SELECT * FROM ops.lease'],
  ['odograph_ops', MESSAGE],
  ['odograph_ops', 'CREATE SCHEMA mine'],
  ['odograph_readonly', 'SELECT FROM notification.record'],
  ['odograph_readonly', 'SELECT FROM ops.audit'],
  ['odograph_readonly', `UPDATE telemetry.device SET name = 'other'`],
  ['odograph_readonly', 'SELECT telemetry.ensure_position_partitions(1, 2)'],
];

describe('app roles', () => {
  it.each(may)('%s may: %s', async (role, text) => {
    expect(await tryAs(role, text)).toBeUndefined();
  });

  it.each(mayNot)('%s may not: %s', async (role, text) => {
    expect(await tryAs(role, text)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});
