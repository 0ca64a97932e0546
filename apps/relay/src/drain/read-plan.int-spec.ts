import { Client } from 'pg';
import { migrateUp } from '@app/common/database';
import { testServers } from '@app/common/testing';
import findMessage from './sql/find-message.sql';
import readMessages from './sql/read-messages.sql';

const servers = testServers();
let admin: Client;
let relay: Client;

const PLACES = `array_fill(0::bigint, ARRAY[8]), array_fill('0'::xid8, ARRAY[8]), array_fill(0::bigint, ARRAY[8])`;
const PARAMETERS = `ARRAY[0,2,4,6,8,10,12,14]::smallint[], ${PLACES}, ${PLACES}, 500`;
/** Past the five custom plans, from which on PostgreSQL may keep a generic one. */
const RUNS_BEFORE_GENERIC = 6;

const prepare = () =>
  relay.query(
    `PREPARE read (smallint[], bigint[], xid8[], bigint[], bigint[], xid8[], bigint[], integer) AS ${readMessages}`,
  );

const fill = () =>
  admin.query(
    `INSERT INTO outbox.message (slot, generation, part, topic, key, event_id, tenant_id, traceparent, payload)
     SELECT slot, 1, i % 16, 'fleet:events', 'k', gen_random_uuid(), 'default', 't', repeat('x', 200)
     FROM generate_series(1, 20000) AS i, (VALUES (7), (8)) AS hour (slot)`,
  );

async function plan(statement: string): Promise<string> {
  const { rows } = await relay.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, TIMING off) ${statement}`);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

function expectIndexOrder(text: string): void {
  expect(text).toContain('Merge Append');
  expect(text).toMatch(/Index Scan using message_07_part_generation_xid_id_idx/);
  expect(text).not.toMatch(/Seq Scan on message|Bitmap/);
  expect(text).not.toMatch(/Sort Method/);
}

async function rowsScanned(): Promise<void> {
  const text = await plan(`EXECUTE read (${PARAMETERS})`);
  expectIndexOrder(text);
  // A batch of each part and not the 5,000 messages that lie behind each cursor.
  expect(text).toMatch(/Index Scan using message_07[^\n]*rows=(\d{1,3}\.\d+|50[01]\.\d+) loops=8/);
}

describe('The plan of the outbox read', () => {
  beforeAll(async () => {
    // A copy of the template comes without the settings of the roles.
    await migrateUp(servers.postgresUrl());
    admin = new Client({ connectionString: servers.postgresUrl() });
    relay = new Client({ connectionString: servers.postgresUrl('odograph_relay') });
    await Promise.all([admin.connect(), relay.connect()]);
  });
  afterAll(() => Promise.all([admin.end(), relay.end()]));

  it('is in index order when it was kept from the time of an empty outbox', async () => {
    await prepare();
    for (let run = 0; run < RUNS_BEFORE_GENERIC; run += 1) await relay.query(`EXECUTE read (${PARAMETERS})`);
    await fill();
    await rowsScanned();
  });

  it('is in index order when it is made on a full outbox that was never analyzed', async () => {
    await relay.query('DEALLOCATE read');
    await prepare();
    await rowsScanned();
  });

  it('is in index order when it is made on statistics', async () => {
    await admin.query('ANALYZE outbox.message');
    await relay.query('DEALLOCATE read');
    await prepare();
    for (let run = 0; run < RUNS_BEFORE_GENERIC; run += 1) await relay.query(`EXECUTE read (${PARAMETERS})`);
    await rowsScanned();
  });

  it('looks a single message up by index', async () => {
    await relay.query(`PREPARE find (smallint, bigint, text, bigint) AS ${findMessage}`);
    const text = await plan(`EXECUTE find (1::smallint, 1, '5', 5)`);
    expect(text).not.toMatch(/Seq Scan on message/);
  });
});
