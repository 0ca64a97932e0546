import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { eventually, testServers } from '@app/common/testing';
import { runCommandLine } from './command-line';

const IMEI = '356307042441013';
const OTHER = '356307042441021';

let owner: Client;
const directory = mkdtempSync(join(tmpdir(), 'odo-'));
// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(async () => {
  await owner.end();
  rmSync(directory, { recursive: true });
});
const servers = testServers();
beforeAll(async () => {
  owner = new Client({ connectionString: servers.postgresUrl() });
  await owner.connect();
});

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as the operator's role. */
async function odo(...args: string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const status = await runCommandLine(args, {
    terminal: { out: (text) => (out += text), err: (text) => (err += text) },
    environment: { DATABASE_URL: servers.postgresUrl('odograph_ops') },
    directory,
  });
  return { status, out, err };
}

const rowSchema = z.record(z.string(), z.unknown());

/** What a command that has to go well answers as JSON. */
async function json(...args: string[]): Promise<unknown> {
  const { status, out, err } = await odo(...args, '--json');
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return JSON.parse(out);
}
const one = async (...args: string[]) => rowSchema.parse(await json(...args));
const many = async (...args: string[]) => z.array(rowSchema).parse(await json(...args));
const done = async (...args: string[]): Promise<string> => {
  const { status, out, err } = await odo(...args);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return out;
};

const query = async (sql: string, params: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (await owner.query<Record<string, unknown>>(sql, params)).rows;
const auditOf = async (subject: string) =>
  query(
    `SELECT actor, action, tenant_id, details->>'outcome' AS outcome,
            details->'before' <> 'null' AS had_before, details->'after' AS after
     FROM ops.audit WHERE subject = $1 ORDER BY id`,
    [subject],
  );
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return name;
};
const isoOf = (value: unknown): string => z.coerce.date().parse(value).toISOString();

describe('odo device', () => {
  it('adds, changes, disables, removes and revives, each with its entry in the audit', async () => {
    expect(await done('device', 'add', IMEI, '--actor', 'ann')).toBe(`device ${IMEI}: added\n`);
    const added = await one('device', 'show', IMEI);
    expect(added).toMatchObject({
      imei: IMEI,
      name: IMEI,
      tenant_id: 'default',
      enabled: true,
      removed_at: null,
    });

    expect(await done('device', 'add', IMEI, '--name', 'Van 7')).toContain('updated');
    expect(await done('device', 'add', IMEI)).toContain('unchanged');
    expect(await done('device', 'disable', IMEI)).toContain('updated');
    const disabled = await one('device', 'show', IMEI);
    expect(disabled).toMatchObject({ name: 'Van 7', enabled: false, id: added['id'] });
    expect(isoOf(disabled['updated_at']) > isoOf(added['updated_at'])).toBe(true);
    expect(await done('device', 'add', IMEI, '--name', 'Van 8')).toContain('updated');
    expect(await one('device', 'show', IMEI)).toMatchObject({ enabled: false });
    expect(await done('device', 'enable', IMEI)).toContain('updated');

    expect(await done('device', 'list')).toMatch(
      /^IMEI +NAME +TENANT +ENABLED +UPDATED\n356307042441013 +Van 8 /,
    );
    expect(await done('device', 'remove', IMEI)).toContain('removed');
    expect(await many('device', 'list')).toEqual([]);
    expect((await one('device', 'show', IMEI))['removed_at']).not.toBeNull();
    expect((await odo('device', 'remove', IMEI)).err).toMatch(/^NOT_FOUND: .*no device \*{11}1013/);
    expect((await odo('device', 'disable', IMEI)).status).toBe(1);

    expect(await done('device', 'add', IMEI, '--tenant', 'acme')).toContain('revived');
    expect(await one('device', 'show', IMEI)).toMatchObject({
      ...{ id: added['id'], tenant_id: 'acme', name: 'Van 8', enabled: true, removed_at: null },
    });
    expect(await many('device', 'list', '--tenant', 'default')).toEqual([]);

    const audit = await auditOf(IMEI);
    expect(audit.map(({ action, outcome }) => `${String(action)} ${String(outcome)}`)).toEqual([
      ...['device.add added', 'device.add updated', 'device.add unchanged', 'device.disable updated'],
      ...['device.add updated', 'device.enable updated', 'device.remove removed', 'device.add revived'],
    ]);
    expect(audit[0]).toMatchObject({ actor: 'ann', tenant_id: 'default', had_before: false });
    expect(audit[7]).toMatchObject({ tenant_id: 'acme', had_before: true, after: { tenant_id: 'acme' } });
    expect(String(audit[1]?.['actor'])).toMatch(/^.+@.+$/);
    await done('device', 'remove', IMEI);
  });

  it('imports a file whole or not at all', async () => {
    const good = file('devices.csv', `imei,name,tenant,enabled\n${IMEI},Van 7,,\n${OTHER},Van 9,acme,no\n`);
    const before = await query('SELECT count(*)::int AS rows FROM ops.audit');
    expect(await done('device', 'import', good, '--dry-run')).toBe(
      '1 added, 1 revived (dry run: nothing was changed)\n',
    );
    expect(await many('device', 'list')).toEqual([]);
    expect(await query('SELECT count(*)::int AS rows FROM ops.audit')).toEqual(before);

    expect(await json('device', 'import', good)).toEqual({
      ...{ added: 1, revived: 1, updated: 0, unchanged: 0, dry_run: false },
    });
    expect(await one('device', 'show', OTHER)).toMatchObject({ tenant_id: 'acme', enabled: false });
    expect(await done('device', 'import', good)).toBe('2 unchanged\n');
    expect((await auditOf(OTHER)).map(({ action }) => action)).toEqual(['device.import', 'device.import']);

    const bad = file('bad.csv', `imei,name\n356307042441099,New\n${OTHER},Changed\n${IMEI},\n12,x\n`);
    const { status, out, err } = await odo('device', 'import', bad);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('line 5, column imei: an IMEI has fifteen digits');
    expect(await one('device', 'show', OTHER)).toMatchObject({ name: 'Van 9' });
    expect((await odo('device', 'show', '356307042441099')).status).toBe(1);
    expect((await odo('device', 'import', file('twice.csv', `imei\n${IMEI}\n${IMEI}\n`))).err).toContain(
      'line 3 names what line 2 has named already',
    );
  });
});

describe('odo geofence', () => {
  const circle = ['--longitude=-0.1276', '--latitude', '51.5072', '--radius-m', '400'];

  it('adds with sensible defaults, versions every change, removes and revives', async () => {
    const startedAt = new Date().toISOString();
    await done('geofence', 'add', 'Depot', ...circle);
    const added = await one('geofence', 'show', 'Depot');
    expect(added).toMatchObject({
      ...{ longitude: -0.1276, latitude: 51.5072, radius_m: 400, hysteresis_m: 40, dwell_s: 10, version: 1 },
    });
    expect(isoOf(added['valid_from']) >= startedAt).toBe(true);

    expect(await done('geofence', 'add', 'Depot', ...circle)).toContain('unchanged');
    expect(await one('geofence', 'show', 'Depot')).toEqual(added);

    expect(await done('geofence', 'add', 'Depot', ...circle, '--dwell-s', '0')).toContain('updated');
    const changed = await one('geofence', 'show', 'Depot');
    expect(changed).toMatchObject({ id: added['id'], dwell_s: 0, version: 2 });
    expect(isoOf(changed['valid_from']) > isoOf(added['valid_from'])).toBe(true);
    expect(isoOf(changed['updated_at']) > isoOf(added['updated_at'])).toBe(true);

    await done('geofence', 'add', 'Depot', ...circle, '--since', '2026-01-31T08:00:00Z');
    expect(await one('geofence', 'show', 'Depot')).toMatchObject({
      ...{ dwell_s: 10, version: 3, valid_from: '2026-01-31T08:00:00.000Z' },
    });

    expect(await done('geofence', 'remove', 'Depot')).toContain('removed');
    expect(await many('geofence', 'list')).toEqual([]);
    expect((await odo('geofence', 'remove', 'Depot')).status).toBe(1);
    expect(await done('geofence', 'add', 'Depot', ...circle)).toContain('revived');
    expect(await one('geofence', 'show', 'Depot')).toMatchObject({
      id: added['id'],
      version: 4,
      removed_at: null,
    });
    expect((await auditOf('Depot')).map(({ action }) => action)).toEqual([
      ...['geofence.add', 'geofence.add', 'geofence.add', 'geofence.add', 'geofence.remove', 'geofence.add'],
    ]);
  });

  it('keeps the fences of tenants apart', async () => {
    await done('geofence', 'add', 'Yard', ...circle);
    expect(await done('geofence', 'add', 'Yard', ...circle, '--tenant', 'acme')).toContain('added');
    await done('geofence', 'remove', 'Yard', '--tenant', 'acme');
    expect(await one('geofence', 'show', 'Yard')).toMatchObject({ tenant_id: 'default', removed_at: null });
    expect(await many('geofence', 'list', '--tenant', 'acme')).toEqual([]);
  });

  it('imports GeoJSON, all features or none', async () => {
    const feature = (name: string, properties: object) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [13.4, 52.5] },
      properties: { name, ...properties },
    });
    const collection = (...features: object[]) => JSON.stringify({ type: 'FeatureCollection', features });
    const good = file(
      'sites.geojson',
      collection(feature('North', { radius_m: 100 }), feature('South', { radius_m: 100, hysteresis_m: 0 })),
    );
    expect(await done('geofence', 'import', good)).toBe('2 added\n');
    expect(await one('geofence', 'show', 'North')).toMatchObject({ longitude: 13.4, hysteresis_m: 20 });
    expect(await one('geofence', 'show', 'South')).toMatchObject({ latitude: 52.5, hysteresis_m: 0 });
    const bad = file('bad.geojson', collection(feature('East', { radius_m: 9 }), feature('West', {})));
    const { status, err } = await odo('geofence', 'import', bad);
    expect(status).toBe(2);
    expect(err).toContain('feature 2, property radius_m: is missing');
    expect((await odo('geofence', 'show', 'East')).status).toBe(1);
  });
});

describe('odo rule', () => {
  it('adds, versions, scopes to a device of the tenant, removes and revives', async () => {
    await done('device', 'add', IMEI, '--tenant', 'default');
    await done('rule', 'add', 'City', '--kind', 'overspeed', '--limit-kmh', '50');
    const added = await one('rule', 'show', 'City');
    expect(added).toMatchObject({
      ...{ kind: 'overspeed', device: null, version: 1 },
      settings: { limit_kmh: 50, tolerance_kmh: 0, min_duration_s: 0 },
    });
    const wider = [
      'City',
      '--kind',
      'overspeed',
      '--limit-kmh',
      '50',
      '--tolerance-kmh',
      '5.5',
      '--device',
      IMEI,
    ];
    expect(await done('rule', 'add', ...wider)).toContain('updated');
    expect(await done('rule', 'add', ...wider)).toContain('unchanged');
    expect(await one('rule', 'show', 'City')).toMatchObject({
      ...{ id: added['id'], device: IMEI, version: 2 },
      settings: { limit_kmh: 50, tolerance_kmh: 5.5, min_duration_s: 0 },
    });
    expect(await done('rule', 'list')).toMatch(/City +default +overspeed +356307042441013 +limit_kmh=50 /);
    expect(await done('rule', 'remove', 'City')).toContain('removed');
    expect(await many('rule', 'list')).toEqual([]);
    expect(await done('rule', 'add', ...wider, '--since', 'epoch')).toContain('revived');
    expect(await one('rule', 'show', 'City')).toMatchObject({
      ...{ id: added['id'], version: 3, valid_from: '1970-01-01T00:00:00.000Z' },
    });
    expect((await auditOf('City')).map(({ action }) => action)).toEqual([
      ...['rule.add', 'rule.add', 'rule.add', 'rule.remove', 'rule.add'],
    ]);
    const foreign = await odo('rule', 'add', ...wider, '--tenant', 'acme');
    expect(foreign).toMatchObject({ status: 1, out: '' });
    expect(foreign.err).toMatch(/^NOT_FOUND: .*no device \*{11}1013 in tenant acme/);
  });

  it('imports a file whole or not at all, and names the line of what the database does not know', async () => {
    const good = file('rules.csv', 'name,kind,limit_kmh,device\nA,overspeed,80,\nB,overspeed,90,\n');
    expect(await done('rule', 'import', good)).toBe('2 added\n');
    const bad = file(
      'bad-rules.csv',
      `name,kind,limit_kmh,device\nA,overspeed,81,\nC,overspeed,90,356307042449999\n`,
    );
    const { status, err } = await odo('rule', 'import', bad);
    expect(status).toBe(2);
    expect(err).toMatch(/line 3 <- NOT_FOUND: .*no device \*{11}9999/);
    expect(await one('rule', 'show', 'A')).toMatchObject({ version: 1, settings: { limit_kmh: 80 } });
  });
});

describe('odo user and odo subscribe', () => {
  it('add, change, remove and revive a user', async () => {
    expect((await odo('user', 'add', 'ann')).err).toContain('a new user needs an email address');
    const at = ['--email', 'ann@example.com', '--locale', 'de-at', '--timezone', 'europe/vienna'];
    expect(await done('user', 'add', 'ann', ...at)).toBe('user ann: added\n');
    expect(await one('user', 'show', 'ann')).toMatchObject({
      ...{ email: 'ann@example.com', locale: 'de-AT', timezone: 'Europe/Vienna', enabled: true },
    });
    expect(await done('user', 'add', 'ann', '--locale', 'en')).toContain('updated');
    expect(await done('user', 'add', 'ann', '--locale', 'en')).toContain('unchanged');
    expect(await one('user', 'show', 'ann')).toMatchObject({ locale: 'en', timezone: 'Europe/Vienna' });
    expect(await done('user', 'remove', 'ann')).toContain('removed');
    expect(await many('user', 'list')).toEqual([]);
    expect(await done('user', 'add', 'ann')).toContain('revived');
    const users = file('users.csv', 'user_id,email\nann,new@example.com\nbob,bob@example.com\n');
    expect(await done('user', 'import', users)).toBe('1 added, 1 updated\n');
    expect((await auditOf('ann')).map(({ action }) => action)).toEqual([
      ...['user.add', 'user.add', 'user.add', 'user.remove', 'user.add', 'user.import'],
    ]);
    expect((await many('user', 'list')).map((user) => user['email'])).toEqual([
      ...['new@example.com', 'bob@example.com'],
    ]);
  });

  it('subscribe a user of the tenant to its devices, each combination once', async () => {
    const narrow = ['--device', IMEI, '--kind', 'overspeed.started'];
    expect(await done('subscribe', 'add', 'ann')).toContain('added');
    expect(await done('subscribe', 'add', 'ann')).toContain('unchanged');
    expect(await done('subscribe', 'add', 'ann', ...narrow)).toContain('added');
    expect(await many('subscribe', 'show', 'ann')).toMatchObject([
      { device: null, kind: null },
      { device: IMEI, kind: 'overspeed.started' },
    ]);
    expect((await odo('subscribe', 'remove', 'ann', '--device', IMEI)).status).toBe(1);
    const entering = ['--device', IMEI, '--kind', 'geofence.entered'];
    expect(await done('subscribe', 'add', 'ann', ...entering)).toContain('added');
    expect(await done('subscribe', 'remove', 'ann', ...narrow)).toContain('removed');
    expect((await many('subscribe', 'list')).map(({ kind }) => kind)).toEqual([null, 'geofence.entered']);
    await done('subscribe', 'remove', 'ann', ...entering);
    expect((await odo('subscribe', 'add', 'nobody')).err).toContain('no user nobody in tenant default');
    expect((await odo('subscribe', 'add', 'ann', '--device', OTHER)).err).toContain('in tenant default');

    const good = file('subs.csv', `user_id,device,kind\nann,${IMEI},\nbob,,geofence.entered\n`);
    expect(await done('subscribe', 'import', good)).toBe('2 added\n');
    const bad = file('bad-subs.csv', 'user_id\nbob\nnobody\n');
    expect((await odo('subscribe', 'import', bad)).err).toContain('line 3 <- NOT_FOUND');
    expect(await many('subscribe', 'show', 'bob')).toHaveLength(1);
    expect((await auditOf('ann')).map(({ action }) => action).slice(-5)).toEqual([
      ...['subscribe.add', 'subscribe.add', 'subscribe.remove', 'subscribe.remove', 'subscribe.import'],
    ]);
  });
});

describe('the command line and its database', () => {
  it('waits for another operator rather than writing over what it had looked at', async () => {
    // Lets both look and neither write: without an order among them both would find no fence of that name.
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE telemetry.geofence IN SHARE ROW EXCLUSIVE MODE');
    const adding = Promise.all([
      done('geofence', 'add', 'Race', '--longitude', '1', '--latitude', '1', '--radius-m', '50'),
      done('geofence', 'add', 'Race', '--longitude', '1', '--latitude', '1', '--radius-m', '60'),
    ]);
    const waiting = `SELECT FROM pg_locks WHERE NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await eventually(async () => (await query(waiting)).length === 2, { what: 'both to wait' });
    await owner.query('COMMIT');
    expect((await adding).map((line) => line.trim().split(': ')[1]).sort()).toEqual(['added', 'updated']);
    expect(await one('geofence', 'show', 'Race')).toMatchObject({ version: 2 });
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
        'UPDATE outbox.cursor SET id = 0',
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
      .parse(await json('migrate', 'status'));
    expect(status.applied.length).toBeGreaterThan(0);
    expect(status.pending).toEqual([]);
    expect(await done('schema', 'check')).toBe('the schema is as the migrations of this build make it\n');
    expect(await done('schema', 'print')).toContain('telemetry.device.imei');

    await owner.query('ALTER TABLE telemetry.device ADD COLUMN colour text');
    try {
      const drifted = await odo('schema', 'check');
      expect(drifted).toMatchObject({ status: 1, err: '' });
      expect(drifted.out).toMatch(/telemetry\.device\.colour\n {2}\+ /);
    } finally {
      await owner.query('ALTER TABLE telemetry.device DROP COLUMN colour');
    }
  });

  it('may not migrate as the operator, and does as the owner', async () => {
    expect((await odo('migrate', 'down')).status).toBe(1);
    const asOwner = ['--database-url', servers.postgresUrl()];
    expect(await done('migrate', 'up', ...asOwner)).toBe('nothing to do: the schema is up to date\n');
    const { out } = await odo('migrate', 'down', '--steps', '1000', ...asOwner);
    expect(out).toMatch(/^reverted /);
    expect(await odo('migrate', 'status', ...asOwner)).toMatchObject({ status: 1, err: '' });
    expect((await odo('device', 'list', ...asOwner)).err).toMatch(/^SCHEMA_MISMATCH: [^\n]+\n$/);
    expect(await done('migrate', 'up', ...asOwner)).toMatch(/^applied /);
    expect(await done('schema', 'check')).toContain('as the migrations');
  });
});
