import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

const IMEI = '356307042441013';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

describe('odo rule', () => {
  it('adds, versions, scopes to a device of the tenant, removes and revives', async () => {
    await odo.done('device', 'add', IMEI, '--tenant', 'default');
    await odo.done('rule', 'add', 'City', '--kind', 'overspeed', '--limit-kmh', '50');
    const added = await odo.one('rule', 'show', 'City');
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
    expect(await odo.done('rule', 'add', ...wider)).toContain('updated');
    expect(await odo.done('rule', 'add', ...wider)).toContain('unchanged');
    expect(await odo.one('rule', 'show', 'City')).toMatchObject({
      ...{ id: added['id'], device: IMEI, version: 2 },
      settings: { limit_kmh: 50, tolerance_kmh: 5.5, min_duration_s: 0 },
    });
    expect(await odo.done('rule', 'list')).toMatch(
      /City +default +overspeed +356307042441013 +limit_kmh=50 /,
    );
    expect(await odo.done('rule', 'remove', 'City')).toContain('removed');
    expect(await odo.many('rule', 'list')).toEqual([]);
    expect(await odo.done('rule', 'add', ...wider, '--since', 'epoch')).toContain('revived');
    expect(await odo.one('rule', 'show', 'City')).toMatchObject({
      ...{ id: added['id'], version: 3, valid_from: '1970-01-01T00:00:00.000Z' },
    });
    expect((await odo.auditOf('City')).map(({ action }) => action)).toEqual([
      ...['rule.add', 'rule.add', 'rule.add', 'rule.remove', 'rule.add'],
    ]);
    const foreign = await odo.run('rule', 'add', ...wider, '--tenant', 'acme');
    expect(foreign).toMatchObject({ status: 1, out: '' });
    expect(foreign.err).toMatch(/^NOT_FOUND: .*no device \*{11}1013 in tenant acme/);
  });

  it('imports a file whole or not at all, and names the line of what the database does not know', async () => {
    const good = odo.file('rules.csv', 'name,kind,limit_kmh,device\nA,overspeed,80,\nB,overspeed,90,\n');
    expect(await odo.done('rule', 'import', good)).toBe('2 added\n');
    const bad = odo.file(
      'bad-rules.csv',
      `name,kind,limit_kmh,device\nA,overspeed,81,\nC,overspeed,90,356307042449999\n`,
    );
    const { status, err } = await odo.run('rule', 'import', bad);
    expect(status).toBe(2);
    expect(err).toMatch(/line 3 <- NOT_FOUND: .*no device \*{11}9999/);
    expect(await odo.one('rule', 'show', 'A')).toMatchObject({ version: 1, settings: { limit_kmh: 80 } });
  });
});
