import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { databaseOf, run } from '../sink.testing';

const servers = testServers();
let admin: Database;
let processor: Database;
beforeAll(async () => {
  admin = databaseOf(servers.postgresUrl());
  processor = databaseOf(servers.postgresUrl('odograph_processor'));
  // What tempts the planner: it knows for certain that all of these are empty.
  await run(admin, 'SELECT telemetry.ensure_position_partitions(1, 1)');
  for (const table of ['device', 'position', 'device_state', 'rule_checkpoint', 'event']) {
    await run(admin, `ANALYZE telemetry.${table}`);
    await run(admin, `VACUUM telemetry.${table}`);
  }
});
afterAll(() => Promise.all([admin.stop(1000), processor.stop(1000)]));

/** The plan that a connection of the processor keeps after it has run the statement a few times. */
async function genericPlan(file: string, types: string): Promise<string> {
  const text = readFileSync(join(__dirname, 'sql', file), 'utf8');
  return processor.transaction(async (transaction) => {
    const each = async (sql: string) => {
      const rows = await transaction.query<{ 'QUERY PLAN': string }>({ name: '', text: sql });
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    await each(`PREPARE planned (${types}) AS ${text}`);
    await each('SET LOCAL plan_cache_mode = force_generic_plan');
    const nulls = types.split(',').map(() => 'NULL');
    const plan = await each(`EXPLAIN EXECUTE planned (${nulls.join(', ')})`);
    await each('DEALLOCATE planned');
    return plan;
  });
}

/** Statements that read tables which grow with the fleet and its history. */
it.each([
  ['find-devices.sql', 'text[]'],
  ['device-states.sql', 'bigint[]'],
  ['checkpoint-before.sql', 'bigint, timestamptz, bigint, integer'],
  ['fixes-after.sql', 'bigint, timestamptz, bigint, integer, integer'],
  ['retract-events.sql', 'bigint, timestamptz, bigint, timestamptz, bigint, text[], integer[], uuid[]'],
])('%s planned over empty tables goes through an index all the same', async (file, types) => {
  const plan = await genericPlan(file, types);
  expect(plan).toMatch(/Index (Only )?Scan/);
  expect(plan).not.toMatch(/Seq Scan on|Sort {2}\(/);
});
