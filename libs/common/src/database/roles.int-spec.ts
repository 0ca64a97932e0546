import { testServers, withClient, type AppRole } from '@app/common/testing';
import { DatabaseError } from 'pg';

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
const HOUR = `date_bin('1 hour', now() - interval '3 h', 'epoch')`;
const NO_CURSORS = `'{}'::smallint[], '{}'::bigint[], '{}'::xid8[], '{}'::bigint[], '{}'::bigint[], '{}'::bigint[], now()`;
const CENSUS = `SELECT FROM ops.event_census(${HOUR}, now(), ${NO_CURSORS}, 1)`;
const CLOSE_HOUR = `SELECT ops.close_ledger_hour(${HOUR}, now(), ${NO_CURSORS}, true)`;
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
  ['odograph_relay', CLOSE_HOUR],
  ['odograph_relay', `SELECT ops.drop_ledger_hours('48 h')`],
  ['odograph_relay', 'SELECT FROM ops.ledger_hour'],
  ['odograph_notification', FENCE],
  ['odograph_notification', RECORD],
  ['odograph_notification', 'SELECT FROM notification.user_account'],
  ['odograph_notification', 'UPDATE notification.route SET attempts = attempts + 1'],
  [
    'odograph_notification',
    `SELECT notification.delete_records('3 days', 10, '{-infinity,00000000-0000-0000-0000-000000000000}')`,
  ],
  ['odograph_notification', `SELECT notification.delete_dead_letters('1 day', 10)`],
  ['odograph_notification', `SELECT notification.delete_malformed_intents('3 days', 10)`],
  ['odograph_notification', `SELECT notification.delete_collapse('3 days', 10, '{"","","",""}')`],
  ['odograph_notification', `SELECT notification.delete_allowances('7 days', 10, '{"","",""}')`],
  ['odograph_ops', `INSERT INTO ops.audit (actor, action, subject) VALUES ('a', 'b', 'c') RETURNING id, at`],
  ['odograph_ops', `UPDATE telemetry.device SET name = 'other'`],
  ['odograph_ops', 'DELETE FROM telemetry.subscription'],
  ['odograph_ops', 'SELECT FROM telemetry.position'],
  ['odograph_ops', 'SELECT telemetry.request_resettling(1, NULL, NULL)'],
  ['odograph_ops', `SELECT telemetry.flag_positions(1, 'epoch', now(), true, 10)`],
  ['odograph_ops', 'SELECT FROM outbox.message'],
  ['odograph_ops', MESSAGE],
  ['odograph_ops', `UPDATE notification.route SET folded_into = 'push:x'`],
  ['odograph_ops', CENSUS],
  ['odograph_ops', 'SELECT FROM ops.event_ledger'],
  ['odograph_ops', `UPDATE ops.command SET state = 'sent'`],
  ['odograph_readonly', 'SELECT FROM telemetry.position'],
  ['odograph_readonly', 'SELECT FROM telemetry.event'],
  ['odograph_processor', `INSERT INTO ops.deployment (name, value) VALUES ('a', '1')`],
  ['odograph_ops', `UPDATE ops.deployment SET value = '2'`],
  ['odograph_ops', `SELECT telemetry.drop_position_partitions('2000-01-01', '30 d')`],
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
  ['odograph_relay', CENSUS],
  ['odograph_ops', CLOSE_HOUR],
  ['odograph_processor', CLOSE_HOUR],
  ['odograph_readonly', 'SELECT FROM ops.event_ledger'],
  ['odograph_notification', 'SELECT FROM telemetry.position'],
  ['odograph_notification', 'SELECT FROM outbox.message'],
  ['odograph_notification', 'UPDATE notification.dead_letter SET attempts = 0'],
  ['odograph_notification', 'DELETE FROM notification.dead_letter'],
  ['odograph_notification', `UPDATE notification.user_account SET email = 'x'`],
  ['odograph_notification', 'DELETE FROM notification.record'],
  ['odograph_notification', 'DELETE FROM notification.route'],
  ['odograph_notification', 'DELETE FROM notification.malformed_intent'],
  ['odograph_ops', 'DELETE FROM notification.dead_letter'],
  ['odograph_ops', `SELECT notification.delete_dead_letters('1 day', 10)`],
  ['odograph_ops', `UPDATE ops.audit SET actor = 'somebody else'`],
  ['odograph_ops', 'DELETE FROM ops.audit'],
  ['odograph_ops', 'TRUNCATE ops.audit'],
  ['odograph_ops', 'DELETE FROM telemetry.device'],
  ['odograph_ops', 'DELETE FROM ops.command'],
  ['odograph_ops', 'INSERT INTO ops.lease SELECT * FROM ops.lease'],
  ['odograph_ops', 'CREATE SCHEMA mine'],
  ['odograph_ops', 'UPDATE telemetry.position SET faulty = true'],
  ['odograph_ops', 'UPDATE telemetry.device_state SET version = 1'],
  ['odograph_processor', `SELECT telemetry.flag_positions(1, 'epoch', now(), true, 10)`],
  ['odograph_readonly', `SELECT telemetry.flag_positions(1, 'epoch', now(), true, 10)`],
  ['odograph_readonly', 'SELECT telemetry.request_resettling(1, NULL, NULL)'],
  ['odograph_readonly', 'SELECT FROM notification.record'],
  ['odograph_readonly', 'SELECT FROM ops.audit'],
  ['odograph_readonly', `UPDATE telemetry.device SET name = 'other'`],
  ['odograph_readonly', 'SELECT telemetry.ensure_position_partitions(1, 2)'],
  ['odograph_processor', `UPDATE ops.deployment SET value = '2'`],
  ['odograph_processor', `SELECT telemetry.drop_position_partitions('2000-01-01', '30 d')`],
  ['odograph_relay', `SELECT telemetry.drop_position_partitions('2000-01-01', '30 d')`],
  ['odograph_readonly', 'SELECT FROM ops.deployment'],
];

const ROLES: readonly AppRole[] = [
  'odograph_processor',
  'odograph_relay',
  'odograph_notification',
  'odograph_ops',
  'odograph_readonly',
];

/** What no app may do, whatever it is for. */
const NOBODY_MAY: readonly string[] = [
  ...['telemetry', 'outbox', 'notification', 'ops', 'public'].map(
    (schema) => `CREATE TABLE ${schema}.mine ()`,
  ),
  'CREATE SCHEMA mine',
  'CREATE ROLE mine',
  'CREATE EXTENSION pg_trgm',
  'CREATE FUNCTION telemetry.mine() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
  'CREATE INDEX ON telemetry.device (name)',
  'CREATE TRIGGER mine BEFORE UPDATE ON telemetry.device FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
  'ALTER TABLE telemetry.position DETACH PARTITION telemetry.position_default',
  'ALTER TABLE ops.lease ADD COLUMN mine integer',
  'ALTER FUNCTION outbox.reclaim(interval) SECURITY INVOKER',
  'DROP TABLE telemetry.event',
  'DROP FUNCTION telemetry.drop_position_partitions(date, interval)',
  'DROP SCHEMA ops CASCADE',
  ...['telemetry.device', 'telemetry.event', 'telemetry.position', 'telemetry.position_default'].map(
    (table) => `TRUNCATE ${table} CASCADE`,
  ),
  ...[
    'outbox.message',
    'outbox.cursor',
    'notification.record',
    'ops.lease',
    'ops.audit',
    'ops.deployment',
  ].map((table) => `TRUNCATE ${table} CASCADE`),
  'UPDATE ops.audit SET actor = current_user',
  'DELETE FROM ops.audit',
  'DELETE FROM telemetry.position',
  'DELETE FROM telemetry.event',
  'DELETE FROM outbox.message',
  'UPDATE public.odograph_migration SET name = name',
  'DELETE FROM public.odograph_migration',
  'GRANT pg_write_all_data TO odograph_readonly',
  'SET ROLE postgres',
  'ALTER ROLE odograph_ops SUPERUSER',
  `COPY telemetry.device TO PROGRAM 'true'`,
  `SELECT pg_read_file('postgresql.conf')`,
];

/** Tables by the roles that may change them in any way; every other role is refused each change. */
const WRITERS: Readonly<Record<string, readonly AppRole[]>> = {
  'telemetry.device': ['odograph_processor', 'odograph_ops'],
  'telemetry.position': ['odograph_processor'],
  'telemetry.device_state': ['odograph_processor'],
  'telemetry.rule_checkpoint': ['odograph_processor'],
  'telemetry.event': ['odograph_processor'],
  'telemetry.geofence': ['odograph_ops'],
  'telemetry.rule': ['odograph_ops'],
  'telemetry.subscription': ['odograph_ops'],
  'outbox.generation': ['odograph_ops'],
  'outbox.message': ['odograph_processor', 'odograph_ops'],
  'outbox.cursor': ['odograph_relay', 'odograph_ops'],
  'outbox.retry': ['odograph_processor', 'odograph_relay', 'odograph_ops'],
  'outbox.pause': ['odograph_ops'],
  'outbox.replay': ['odograph_ops'],
  'outbox.dead_letter': ['odograph_relay', 'odograph_ops'],
  'notification.user_account': ['odograph_ops'],
  'notification.record': ['odograph_notification'],
  'notification.route': ['odograph_notification', 'odograph_ops'],
  // The app where somebody unsubscribes by the link in a mail.
  'notification.preference': ['odograph_notification', 'odograph_ops'],
  'notification.mail_delivery': ['odograph_notification'],
  'notification.mail_suppression': ['odograph_notification', 'odograph_ops'],
  'notification.push_subscription': ['odograph_notification'],
  'notification.push_delivery': ['odograph_notification'],
  'notification.quiet_hours': ['odograph_ops'],
  'notification.route_decision': ['odograph_notification', 'odograph_ops'],
  'notification.collapse': ['odograph_notification'],
  'notification.allowance': ['odograph_notification'],
  'notification.sink': ['odograph_notification'],
  'notification.dead_letter_resolution': ['odograph_ops'],
  'notification.dead_letter': ['odograph_notification'],
  'notification.malformed_intent': ['odograph_notification'],
  'ops.lease': ['odograph_processor', 'odograph_relay', 'odograph_notification'],
  'ops.audit': ['odograph_ops'],
  'ops.command': ['odograph_ops'],
  'ops.deployment': ['odograph_processor', 'odograph_ops'],
  // Only their functions write them, by what they count themselves.
  'ops.event_ledger': [],
  'ops.ledger_hour': [],
  'ops.stream_loss': ['odograph_processor'],
  'telemetry.shard_progress': ['odograph_processor'],
};
const foreignWrites = Object.entries(WRITERS).flatMap(([table, writers]) =>
  ROLES.filter((role) => !writers.includes(role)).flatMap((role): [AppRole, string][] => [
    [role, `INSERT INTO ${table} DEFAULT VALUES`],
    // Asks for the right to update.
    [role, `SELECT FROM ${table} FOR UPDATE`],
    [role, `DELETE FROM ${table}`],
  ]),
);

describe('app roles', () => {
  it.each(ROLES.flatMap((role) => NOBODY_MAY.map((text): [AppRole, string] => [role, text])))(
    '%s is an app, and no app may: %s',
    async (role, text) => {
      expect(await tryAs(role, text)).toBe(INSUFFICIENT_PRIVILEGE);
    },
  );

  it.each(foreignWrites)('%s may not write what is of others: %s', async (role, text) => {
    expect(await tryAs(role, text)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('cover every table that there is', async () => {
    const tables = await withClient(servers.postgresUrl(), async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('telemetry', 'outbox', 'notification', 'ops') AND c.relkind IN ('r', 'p')
           AND NOT c.relispartition`,
      );
      return rows.map(({ name }) => name).sort();
    });
    expect(Object.keys(WRITERS).sort()).toEqual(tables);
  });

  it.each(may)('%s may: %s', async (role, text) => {
    expect(await tryAs(role, text)).toBeUndefined();
  });

  it.each(mayNot)('%s may not: %s', async (role, text) => {
    expect(await tryAs(role, text)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});
