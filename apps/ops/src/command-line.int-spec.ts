import { Client } from 'pg';
import { z } from 'zod';
import { eventually, testServers } from '@app/common/testing';
import { OdoInTest } from './command-line.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

describe('the command line and its database', () => {
  it('waits for another operator rather than writing over what it had looked at', async () => {
    const owner = new Client({ connectionString: servers.postgresUrl() });
    await owner.connect();
    // Lets both look and neither write: without an order among them both would find no fence of that name.
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE telemetry.geofence IN SHARE ROW EXCLUSIVE MODE');
    const adding = Promise.all([
      odo.done('geofence', 'add', 'Race', '--longitude', '1', '--latitude', '1', '--radius-m', '50'),
      odo.done('geofence', 'add', 'Race', '--longitude', '1', '--latitude', '1', '--radius-m', '60'),
    ]);
    const waiting = `SELECT FROM pg_locks WHERE NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await eventually(async () => (await odo.query(waiting)).length === 2, { what: 'both to wait' });
    await owner.query('COMMIT');
    await owner.end();
    expect((await adding).map((line) => line.trim().split(': ')[1]).sort()).toEqual(['added', 'updated']);
    expect(await odo.one('geofence', 'show', 'Race')).toMatchObject({ version: 2 });
  });

  it('has the rights of its role and no more', async () => {
    const operator = new Client({ connectionString: servers.postgresUrl('odograph_ops') });
    await operator.connect();
    try {
      for (const forbidden of [
        'DELETE FROM telemetry.device',
        'UPDATE ops.audit SET actor = $$somebody$$',
        'DELETE FROM ops.audit',
        'TRUNCATE ops.audit',
        'UPDATE telemetry.position SET speed_kmh = 0',
        'INSERT INTO ops.lease (name, owner, epoch, expires_at) VALUES ($$x$$, $$x$$, 1, now())',
        'UPDATE outbox.message SET payload = NULL',
        'CREATE TABLE telemetry.mine ()',
        'SET ROLE postgres',
      ])
        await expect(operator.query(forbidden)).rejects.toThrow(/permission denied|must be/);
    } finally {
      await operator.end();
    }
  });

  it('tells the state of the schema, and differences with status 1', async () => {
    const status = z
      .object({ applied: z.array(z.string()), pending: z.array(z.string()) })
      .parse(await odo.json('migrate', 'status'));
    expect(status.applied.length).toBeGreaterThan(0);
    expect(status.pending).toEqual([]);
    expect(await odo.done('schema', 'check')).toBe('the schema is as the migrations of this build make it\n');
    expect(await odo.done('schema', 'print')).toContain('telemetry.device.imei');

    await odo.query('ALTER TABLE telemetry.device ADD COLUMN colour text');
    try {
      const drifted = await odo.run('schema', 'check');
      expect(drifted).toMatchObject({ status: 1, err: '' });
      expect(drifted.out).toMatch(/telemetry\.device\.colour\n {2}\+ /);
    } finally {
      await odo.query('ALTER TABLE telemetry.device DROP COLUMN colour');
    }
  });

  it('may not migrate as the operator, and does as the owner', async () => {
    expect((await odo.run('migrate', 'down')).status).toBe(1);
    const asOwner = ['--database-url', servers.postgresUrl()];
    expect(await odo.done('migrate', 'up', ...asOwner)).toBe('nothing to do: the schema is up to date\n');
    const { out } = await odo.run('migrate', 'down', '--steps', '1000', ...asOwner);
    expect(out).toMatch(/^reverted /);
    expect(await odo.run('migrate', 'status', ...asOwner)).toMatchObject({ status: 1, err: '' });
    expect((await odo.run('device', 'list', ...asOwner)).err).toMatch(/^SCHEMA_MISMATCH: [^\n]+\n$/);
    expect(await odo.done('migrate', 'up', ...asOwner)).toMatch(/^applied /);
    expect(await odo.done('schema', 'check')).toContain('as the migrations');
  });

  it('tells in words what differs between two schemas, be they databases or prints', async () => {
    const url = servers.postgresUrl();
    const file = odo.file('schema.txt', await odo.done('schema', 'print'));
    expect(await odo.done('schema', 'diff', file, url)).toBe('the schemas are the same\n');
    await odo.query('ALTER TABLE telemetry.device ADD COLUMN colour text, ALTER COLUMN enabled DROP DEFAULT');
    try {
      const there = await odo.run('schema', 'diff', file, url);
      expect(there).toMatchObject({ status: 1, err: '' });
      expect(there.out).toContain('column telemetry.device.colour is only in b: text\n');
      expect(there.out).toContain(
        'column telemetry.device.enabled differs\n  in a: boolean not null default true\n  in b: boolean not null\n',
      );
      expect((await odo.run('schema', 'diff', url, file)).out).toContain('colour is only in a: text\n');
      expect((await odo.run('migrate', 'adopt', '--database-url', url)).out).toMatch(
        /2 differences .*\nnot adopted/,
      );
    } finally {
      await odo.query(
        'ALTER TABLE telemetry.device DROP COLUMN colour, ALTER COLUMN enabled SET DEFAULT true',
      );
    }
    expect((await odo.run('schema', 'diff', 'none.txt', url)).err).toMatch(/^INPUT_INVALID/);
    expect(await odo.done('migrate', 'adopt', '--database-url', url)).toMatch(/^nothing to do/);
  });
});
