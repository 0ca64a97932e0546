import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testServers } from '@app/common/testing';
import { type Database } from './database';
import { checkSchema, describeDifference } from './schema-check';
import { printSchema } from './schema-print';
import committedPrint from './schema.print.txt';
import { anyText, databaseFor, sql, textWith, textWithout } from './database.testing';

const servers = testServers();
let database: Database;

beforeAll(() => {
  database = databaseFor(servers.postgresUrl());
});
afterAll(() => database.stop(1_000));

/** Runs `change`, checks the schema and takes the change back by `undo`. */
async function differencesAfter(change: string, undo: string): Promise<string[]> {
  await sql(servers.postgresUrl(), change);
  try {
    return (await checkSchema(database)).map(describeDifference);
  } finally {
    await sql(servers.postgresUrl(), undo);
  }
}

describe('the committed print', () => {
  it('is that of the migrations (ODOGRAPH_WRITE_SCHEMA_PRINT=1 writes it anew)', async () => {
    const live = await printSchema(database);
    if (process.env['ODOGRAPH_WRITE_SCHEMA_PRINT'] === '1') {
      writeFileSync(join(__dirname, 'schema.print.txt'), live);
    } else {
      expect(live).toBe(committedPrint);
    }
  });

  it('is read alike by a role that owns nothing', async () => {
    const relay = databaseFor(servers.postgresUrl('odograph_relay'));
    try {
      expect(await printSchema(relay)).toBe(await printSchema(database));
    } finally {
      await relay.stop(1_000);
    }
  });

  it('does not depend on which days have tables', async () => {
    await sql(servers.postgresUrl(), 'SELECT telemetry.ensure_position_partitions(5, 5)');
    expect(await checkSchema(database)).toEqual([]);
  });
});

describe('the schema check', () => {
  const restoreIndex = (name: string, rest: string): string =>
    `DROP INDEX IF EXISTS telemetry.${name}; CREATE UNIQUE INDEX ${name} ON telemetry.${rest}`;

  it.each([
    {
      what: 'a dropped column',
      change: 'ALTER TABLE notification.record DROP COLUMN request_id',
      undo: 'ALTER TABLE notification.record ADD COLUMN request_id text',
      found: [['column notification.record.request_id', '  - text']],
    },
    {
      what: 'a changed default',
      change: 'ALTER TABLE telemetry.device ALTER COLUMN enabled SET DEFAULT false',
      undo: 'ALTER TABLE telemetry.device ALTER COLUMN enabled SET DEFAULT true',
      found: [
        [
          'column telemetry.device.enabled',
          '  - boolean not null default true',
          '  + boolean not null default false',
        ],
      ],
    },
    {
      what: 'a lost NOT NULL',
      change: 'ALTER TABLE telemetry.position ALTER COLUMN io DROP NOT NULL',
      undo: 'ALTER TABLE telemetry.position ALTER COLUMN io SET NOT NULL',
      found: [['column telemetry.position.io', '  - bytea not null', '  + bytea']],
    },
    {
      what: 'a lost predicate of a partial index',
      change: restoreIndex('rule_name_uq', 'rule (tenant_id, name)'),
      undo: restoreIndex('rule_name_uq', 'rule (tenant_id, name) WHERE removed_at IS NULL'),
      found: [
        [
          'index telemetry.rule_name_uq',
          '  - CREATE UNIQUE INDEX rule_name_uq ON telemetry.rule USING btree (tenant_id, name) WHERE (removed_at IS NULL)',
          '  + CREATE UNIQUE INDEX rule_name_uq ON telemetry.rule USING btree (tenant_id, name)',
        ],
      ],
    },
    {
      what: 'a lost uniqueness of an index',
      change: `DROP INDEX telemetry.rule_name_uq;
        CREATE INDEX rule_name_uq ON telemetry.rule (tenant_id, name) WHERE removed_at IS NULL`,
      undo: restoreIndex('rule_name_uq', 'rule (tenant_id, name) WHERE removed_at IS NULL'),
      found: [[textWith('index telemetry.rule_name_uq')]],
    },
    {
      what: 'a dropped CHECK',
      change: 'ALTER TABLE notification.route DROP CONSTRAINT route_published_ck',
      undo: `ALTER TABLE notification.route
        ADD CONSTRAINT route_published_ck CHECK ((state = 'published') = (published_at IS NOT NULL))`,
      found: [['constraint notification.route.route_published_ck', textWith('  - CHECK ((')]],
    },
    {
      what: 'a CHECK that says something else',
      change: `ALTER TABLE telemetry.rule DROP CONSTRAINT rule_kind_check,
        ADD CONSTRAINT rule_kind_check CHECK (kind IN ('overspeed', 'idling'))`,
      undo: `ALTER TABLE telemetry.rule DROP CONSTRAINT rule_kind_check,
        ADD CONSTRAINT rule_kind_check CHECK (kind IN ('overspeed'))`,
      found: [[anyText, textWith('  - CHECK'), textWith('idling')]],
    },
    {
      what: 'a changed storage parameter',
      change: 'ALTER TABLE ops.lease SET (fillfactor = 90)',
      undo: 'ALTER TABLE ops.lease SET (fillfactor = 50)',
      found: [['table ops.lease', textWith('fillfactor=50'), textWith('=90')]],
    },
    {
      what: 'a table that forgets at a crash',
      change: 'ALTER TABLE outbox.cursor SET UNLOGGED',
      undo: 'ALTER TABLE outbox.cursor SET LOGGED',
      found: [['table outbox.cursor', anyText, textWith('unlogged')]],
    },
    {
      what: 'a lost UNIQUE',
      change: 'ALTER TABLE notification.record DROP CONSTRAINT record_idempotency_uq',
      undo: `ALTER TABLE notification.record ADD CONSTRAINT record_idempotency_uq UNIQUE (producer, idempotency_key);
        COMMENT ON CONSTRAINT record_idempotency_uq ON notification.record
        IS 'The row is the reservation: the same intent again changes nothing.'`,
      found: [
        ['constraint notification.record.record_idempotency_uq', '  - UNIQUE (producer, idempotency_key)'],
        [textWith('index notification.record_idempotency_uq'), anyText],
        [textWith('comment constraint'), anyText],
      ],
    },
    {
      what: 'an extra grant on a table',
      change: 'GRANT DELETE ON telemetry.position TO odograph_processor',
      undo: 'REVOKE DELETE ON telemetry.position FROM odograph_processor',
      found: [
        [
          'grant on table telemetry.position to odograph_processor',
          '  - INSERT, SELECT',
          '  + DELETE, INSERT, SELECT',
        ],
      ],
    },
    {
      what: 'an extra grant on one slot of the ring',
      change: 'GRANT TRUNCATE ON outbox.message_17 TO odograph_relay',
      undo: 'REVOKE TRUNCATE ON outbox.message_17 FROM odograph_relay',
      found: [['grant on table outbox.message_* to odograph_relay', '  + TRUNCATE']],
    },
    {
      what: 'a function that everybody may call',
      change: 'GRANT EXECUTE ON FUNCTION outbox.reclaim(interval) TO PUBLIC',
      undo: 'REVOKE EXECUTE ON FUNCTION outbox.reclaim(interval) FROM PUBLIC',
      found: [['grant on function outbox.reclaim(keep interval) to PUBLIC', '  + EXECUTE']],
    },
    {
      what: 'an extra function',
      change: `CREATE FUNCTION ops.planted() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
      undo: 'DROP FUNCTION ops.planted()',
      found: [
        ['function ops.planted()', textWith('body md5')],
        ['grant on function ops.planted() to PUBLIC', '  + EXECUTE'],
      ],
    },
    {
      what: 'a function without its safe search path',
      change: 'ALTER FUNCTION outbox.reclaim(interval) RESET search_path',
      undo: `ALTER FUNCTION outbox.reclaim(interval) RESET ALL;
        ALTER FUNCTION outbox.reclaim(interval) SET search_path = pg_catalog, pg_temp;
        ALTER FUNCTION outbox.reclaim(interval) SET lock_timeout = '500ms'`,
      found: [['function outbox.reclaim(keep interval)', anyText, textWithout('path')]],
    },
    {
      what: 'a slot of the ring that is gone',
      change: 'ALTER TABLE outbox.message DETACH PARTITION outbox.message_03; DROP TABLE outbox.message_03',
      undo: `CREATE TABLE outbox.message_03 PARTITION OF outbox.message FOR VALUES IN (3);
        GRANT SELECT ON outbox.message_03 TO odograph_ops`,
      found: [['partitions outbox.message', '  - by list: 48', '  + by list: 47']],
    },
    {
      what: 'a planted trigger',
      change: `CREATE TRIGGER planted BEFORE UPDATE ON telemetry.device
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      undo: 'DROP TRIGGER planted ON telemetry.device',
      found: [['trigger telemetry.device.planted', textWith('BEFORE UPDATE')]],
    },
    {
      what: 'a changed type',
      change: 'ALTER TABLE telemetry.event ALTER COLUMN reference_version TYPE bigint',
      undo: 'ALTER TABLE telemetry.event ALTER COLUMN reference_version TYPE integer',
      found: [['column telemetry.event.reference_version', '  - integer not null', '  + bigint not null']],
    },
    {
      what: 'an extra column',
      change: 'ALTER TABLE telemetry.rule ADD COLUMN planted text',
      undo: 'ALTER TABLE telemetry.rule DROP COLUMN planted',
      found: [['column telemetry.rule.planted', '  + text']],
    },
    {
      what: 'a lost default',
      change: 'ALTER TABLE telemetry.device ALTER COLUMN tenant_id DROP DEFAULT',
      undo: `ALTER TABLE telemetry.device ALTER COLUMN tenant_id SET DEFAULT 'default'`,
      found: [['column telemetry.device.tenant_id', textWith('default'), '  + text not null']],
    },
    {
      what: 'another collation',
      change: 'ALTER TABLE telemetry.event ALTER COLUMN kind TYPE text COLLATE "C"',
      undo: 'ALTER TABLE telemetry.event ALTER COLUMN kind TYPE text COLLATE "default"',
      found: [['column telemetry.event.kind', anyText, textWith('collate "C"')]],
    },
    {
      what: 'another way to store a column',
      change: 'ALTER TABLE telemetry.position ALTER COLUMN io SET STORAGE EXTERNAL',
      undo: 'ALTER TABLE telemetry.position ALTER COLUMN io SET STORAGE EXTENDED',
      found: [['column telemetry.position.io', anyText, textWith('storage e')]],
    },
    {
      what: 'a parameter of a column',
      change: 'ALTER TABLE telemetry.event ALTER COLUMN kind SET (n_distinct = 4)',
      undo: 'ALTER TABLE telemetry.event ALTER COLUMN kind RESET (n_distinct)',
      found: [['column telemetry.event.kind', anyText, textWith('n_distinct=4')]],
    },
    {
      what: 'a lost storage parameter',
      change: 'ALTER TABLE telemetry.device_state RESET (fillfactor)',
      undo: 'ALTER TABLE telemetry.device_state SET (fillfactor = 50)',
      found: [['table telemetry.device_state', textWith('fillfactor=50'), textWithout('fillfactor')]],
    },
    {
      what: 'a storage parameter of what is stored aside',
      change: 'ALTER TABLE telemetry.event SET (toast.autovacuum_enabled = false)',
      undo: 'ALTER TABLE telemetry.event RESET (toast.autovacuum_enabled)',
      found: [['table telemetry.event', anyText, textWith('toast with autovacuum_enabled=false')]],
    },
    {
      what: 'a storage parameter of an index',
      change: 'ALTER INDEX telemetry.event_device_idx SET (fillfactor = 70)',
      undo: 'ALTER INDEX telemetry.event_device_idx RESET (fillfactor)',
      found: [['index telemetry.event_device_idx', anyText, textWith('fillfactor')]],
    },
    {
      what: 'a dropped index',
      change: 'DROP INDEX ops.audit_subject_idx',
      undo: 'CREATE INDEX audit_subject_idx ON ops.audit (subject, at)',
      found: [['index ops.audit_subject_idx', textWith('  - CREATE INDEX')]],
    },
    {
      what: 'a predicate that says something else',
      change: `DROP INDEX ops.command_waiting_idx;
        CREATE INDEX command_waiting_idx ON ops.command (expires_at) WHERE state = 'sent'`,
      undo: `DROP INDEX ops.command_waiting_idx;
        CREATE INDEX command_waiting_idx ON ops.command (expires_at) WHERE state = 'queued'`,
      found: [['index ops.command_waiting_idx', textWith(`'queued'`), textWith(`'sent'`)]],
    },
    {
      what: 'a dropped foreign key',
      change: 'ALTER TABLE telemetry.event DROP CONSTRAINT event_device_id_fkey',
      undo: `ALTER TABLE telemetry.event
        ADD CONSTRAINT event_device_id_fkey FOREIGN KEY (device_id) REFERENCES telemetry.device (id)`,
      found: [['constraint telemetry.event.event_device_id_fkey', textWith('  - FOREIGN KEY')]],
    },
    {
      what: 'a CHECK that old rows need not pass',
      change: `ALTER TABLE telemetry.device DROP CONSTRAINT device_imei_check,
        ADD CONSTRAINT device_imei_check CHECK (imei ~ '^[0-9]{15}$') NOT VALID`,
      undo: 'ALTER TABLE telemetry.device VALIDATE CONSTRAINT device_imei_check',
      found: [['constraint telemetry.device.device_imei_check', anyText, textWith('NOT VALID')]],
    },
    {
      what: 'a lost grant on a table',
      change: 'REVOKE INSERT ON ops.audit FROM odograph_ops',
      undo: 'GRANT INSERT ON ops.audit TO odograph_ops',
      found: [['grant on table ops.audit to odograph_ops', '  - INSERT, SELECT', '  + SELECT']],
    },
    {
      what: 'a grant on one column',
      change: 'GRANT UPDATE (actor) ON ops.audit TO odograph_ops',
      undo: 'REVOKE UPDATE (actor) ON ops.audit FROM odograph_ops',
      found: [['grant on column ops.audit.actor to odograph_ops', '  + UPDATE']],
    },
    {
      what: 'a grant on a schema',
      change: 'GRANT CREATE ON SCHEMA telemetry TO odograph_processor',
      undo: 'REVOKE CREATE ON SCHEMA telemetry FROM odograph_processor',
      found: [['grant on schema telemetry to odograph_processor', '  - USAGE', '  + CREATE, USAGE']],
    },
    {
      what: 'a grant that may be passed on',
      change: 'GRANT SELECT ON telemetry.event TO odograph_readonly WITH GRANT OPTION',
      undo: 'REVOKE GRANT OPTION FOR SELECT ON telemetry.event FROM odograph_readonly',
      found: [['grant on table telemetry.event to odograph_readonly', '  - SELECT', '  + SELECT*']],
    },
    {
      what: 'a planted type',
      change: `CREATE TYPE ops.planted AS ENUM ('a', 'b')`,
      undo: 'DROP TYPE ops.planted',
      found: [['type ops.planted', `  + enum 'a', 'b'`]],
    },
    {
      what: 'a planted sequence',
      change: 'CREATE SEQUENCE ops.planted',
      undo: 'DROP SEQUENCE ops.planted',
      found: [['sequence ops.planted', '  + bigint start 1 increment 1']],
    },
    {
      what: 'row security',
      change: 'ALTER TABLE telemetry.device ENABLE ROW LEVEL SECURITY',
      undo: 'ALTER TABLE telemetry.device DISABLE ROW LEVEL SECURITY',
      found: [['table telemetry.device', anyText, textWith('row security')]],
    },
    {
      what: 'an extra table',
      change: 'CREATE TABLE ops.planted (a integer)',
      undo: 'DROP TABLE ops.planted',
      found: [
        ['table ops.planted', '  + ordinary'],
        ['column ops.planted.a', '  + integer'],
      ],
    },
  ])('finds $what', async ({ change, undo, found }) => {
    const differences = await differencesAfter(change, undo);
    expect(differences.map((text) => text.split('\n'))).toEqual(
      found.map((lines): unknown => (lines.length === 1 ? expect.arrayContaining(lines) : lines)),
    );
    expect((await checkSchema(database)).map(describeDifference)).toEqual([]);
  });

  it('finds a function of another body', async () => {
    const [row] = await sql<{ definition: string }>(
      servers.postgresUrl(),
      `SELECT pg_get_functiondef('outbox.reclaim(interval)'::regprocedure) AS definition`,
    );
    const original = row?.definition ?? '';
    const changed = original.replace('IF NOT is_needed', 'IF true');
    expect(changed).not.toBe(original);
    const [difference, ...others] = await differencesAfter(changed, original);
    expect(difference).toMatch(/^function outbox\.reclaim\(keep interval\)\n {2}- .*md5.*\n {2}\+ .*md5/);
    expect(others).toEqual([]);
  });
});
