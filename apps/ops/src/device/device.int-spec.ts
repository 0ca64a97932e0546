import { testServers } from '@app/common/testing';
import { OdoInTest, isoOf } from '../command-line.testing';

const IMEI = '356307042441013';
const OTHER = '356307042441021';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

describe('odo device', () => {
  it('adds, changes, disables, removes and revives, each with its entry in the audit', async () => {
    expect(await odo.done('device', 'add', IMEI, '--actor', 'ann')).toBe(`device ${IMEI}: added\n`);
    const added = await odo.one('device', 'show', IMEI);
    expect(added).toMatchObject({
      imei: IMEI,
      name: IMEI,
      tenant_id: 'default',
      enabled: true,
      removed_at: null,
    });

    expect(await odo.done('device', 'add', IMEI, '--name', 'Van 7')).toContain('updated');
    expect(await odo.done('device', 'add', IMEI)).toContain('unchanged');
    expect(await odo.done('device', 'disable', IMEI)).toContain('updated');
    const disabled = await odo.one('device', 'show', IMEI);
    expect(disabled).toMatchObject({ name: 'Van 7', enabled: false, id: added['id'] });
    expect(isoOf(disabled['updated_at']) > isoOf(added['updated_at'])).toBe(true);
    expect(await odo.done('device', 'add', IMEI, '--name', 'Van 8')).toContain('updated');
    expect(await odo.one('device', 'show', IMEI)).toMatchObject({ enabled: false });
    expect(await odo.done('device', 'enable', IMEI)).toContain('updated');

    expect(await odo.done('device', 'list')).toMatch(
      /^IMEI +NAME +TENANT +ENABLED +UPDATED\n356307042441013 +Van 8 /,
    );
    expect(await odo.done('device', 'remove', IMEI)).toContain('removed');
    expect(await odo.many('device', 'list')).toEqual([]);
    expect((await odo.one('device', 'show', IMEI))['removed_at']).not.toBeNull();
    expect((await odo.run('device', 'remove', IMEI)).err).toMatch(/^NOT_FOUND: .*no device \*{11}1013/);
    expect((await odo.run('device', 'disable', IMEI)).status).toBe(1);

    expect(await odo.done('device', 'add', IMEI, '--tenant', 'acme')).toContain('revived');
    expect(await odo.one('device', 'show', IMEI)).toMatchObject({
      ...{ id: added['id'], tenant_id: 'acme', name: 'Van 8', enabled: true, removed_at: null },
    });
    expect(await odo.many('device', 'list', '--tenant', 'default')).toEqual([]);

    const audit = await odo.auditOf(IMEI);
    expect(audit.map(({ action, outcome }) => `${String(action)} ${String(outcome)}`)).toEqual([
      ...['device.add added', 'device.add updated', 'device.add unchanged', 'device.disable updated'],
      ...['device.add updated', 'device.enable updated', 'device.remove removed', 'device.add revived'],
    ]);
    expect(audit[0]).toMatchObject({ actor: 'ann', tenant_id: 'default', had_before: false });
    expect(audit[7]).toMatchObject({ tenant_id: 'acme', had_before: true, after: { tenant_id: 'acme' } });
    expect(String(audit[1]?.['actor'])).toMatch(/^.+@.+$/);
    await odo.done('device', 'remove', IMEI);
  });

  it('imports a file whole or not at all', async () => {
    const good = odo.file(
      'devices.csv',
      `imei,name,tenant,enabled\n${IMEI},Van 7,,\n${OTHER},Van 9,acme,no\n`,
    );
    const before = await odo.query('SELECT count(*)::int AS rows FROM ops.audit');
    expect(await odo.done('device', 'import', good, '--dry-run')).toBe(
      '1 added, 1 revived (dry run: nothing was changed)\n',
    );
    expect(await odo.many('device', 'list')).toEqual([]);
    expect(await odo.query('SELECT count(*)::int AS rows FROM ops.audit')).toEqual(before);

    expect(await odo.json('device', 'import', good)).toEqual({
      ...{ added: 1, revived: 1, updated: 0, unchanged: 0, dry_run: false },
    });
    expect(await odo.one('device', 'show', OTHER)).toMatchObject({ tenant_id: 'acme', enabled: false });
    expect(await odo.done('device', 'import', good)).toBe('2 unchanged\n');
    expect((await odo.auditOf(OTHER)).map(({ action }) => action)).toEqual([
      'device.import',
      'device.import',
    ]);

    const bad = odo.file('bad.csv', `imei,name\n356307042441099,New\n${OTHER},Changed\n${IMEI},\n12,x\n`);
    const { status, out, err } = await odo.run('device', 'import', bad);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('line 5, column imei: an IMEI has fifteen digits');
    expect(await odo.one('device', 'show', OTHER)).toMatchObject({ name: 'Van 9' });
    expect((await odo.run('device', 'show', '356307042441099')).status).toBe(1);
    expect(
      (await odo.run('device', 'import', odo.file('twice.csv', `imei\n${IMEI}\n${IMEI}\n`))).err,
    ).toContain('line 3 names what line 2 has named already');
  });
});
