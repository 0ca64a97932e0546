import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';

const IMEI = '356307042441013';
const OTHER = '356307042441021';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

beforeAll(() => odo.done('device', 'add', IMEI));
beforeAll(() => odo.done('device', 'add', OTHER, '--tenant', 'acme'));

describe('odo user and odo subscribe', () => {
  it('add, change, remove and revive a user', async () => {
    expect((await odo.run('user', 'add', 'ann')).err).toContain('a new user needs an email address');
    const at = ['--email', 'ann@example.com', '--locale', 'de-at', '--timezone', 'europe/vienna'];
    expect(await odo.done('user', 'add', 'ann', ...at)).toBe('user ann: added\n');
    expect(await odo.one('user', 'show', 'ann')).toMatchObject({
      ...{ email: 'ann@example.com', locale: 'de-AT', timezone: 'Europe/Vienna', enabled: true },
    });
    expect(await odo.done('user', 'add', 'ann', '--locale', 'en')).toContain('updated');
    expect(await odo.done('user', 'add', 'ann', '--locale', 'en')).toContain('unchanged');
    expect(await odo.one('user', 'show', 'ann')).toMatchObject({ locale: 'en', timezone: 'Europe/Vienna' });
    expect(await odo.done('user', 'remove', 'ann')).toContain('removed');
    expect(await odo.many('user', 'list')).toEqual([]);
    expect(await odo.done('user', 'add', 'ann')).toContain('revived');
    const users = odo.file('users.csv', 'user_id,email\nann,new@example.com\nbob,bob@example.com\n');
    expect(await odo.done('user', 'import', users)).toBe('1 added, 1 updated\n');
    expect((await odo.auditOf('ann')).map(({ action }) => action)).toEqual([
      ...['user.add', 'user.add', 'user.add', 'user.remove', 'user.add', 'user.import'],
    ]);
    expect((await odo.many('user', 'list')).map((user) => user['email'])).toEqual([
      ...['new@example.com', 'bob@example.com'],
    ]);
  });

  it('subscribe a user of the tenant to its devices, each combination once', async () => {
    const narrow = ['--device', IMEI, '--kind', 'overspeed.started'];
    expect(await odo.done('subscribe', 'add', 'ann')).toContain('added');
    expect(await odo.done('subscribe', 'add', 'ann')).toContain('unchanged');
    expect(await odo.done('subscribe', 'add', 'ann', ...narrow)).toContain('added');
    expect(await odo.many('subscribe', 'show', 'ann')).toMatchObject([
      { device: null, kind: null },
      { device: IMEI, kind: 'overspeed.started' },
    ]);
    expect((await odo.run('subscribe', 'remove', 'ann', '--device', IMEI)).status).toBe(1);
    const entering = ['--device', IMEI, '--kind', 'geofence.entered'];
    expect(await odo.done('subscribe', 'add', 'ann', ...entering)).toContain('added');
    expect(await odo.done('subscribe', 'remove', 'ann', ...narrow)).toContain('removed');
    expect((await odo.many('subscribe', 'list')).map(({ kind }) => kind)).toEqual([null, 'geofence.entered']);
    await odo.done('subscribe', 'remove', 'ann', ...entering);
    expect((await odo.run('subscribe', 'add', 'nobody')).err).toContain('no user nobody in tenant default');
    expect((await odo.run('subscribe', 'add', 'ann', '--device', OTHER)).err).toContain('in tenant default');

    const good = odo.file('subs.csv', `user_id,device,kind\nann,${IMEI},\nbob,,geofence.entered\n`);
    expect(await odo.done('subscribe', 'import', good)).toBe('2 added\n');
    const bad = odo.file('bad-subs.csv', 'user_id\nbob\nnobody\n');
    expect((await odo.run('subscribe', 'import', bad)).err).toContain('line 3 <- NOT_FOUND');
    expect(await odo.many('subscribe', 'show', 'bob')).toHaveLength(1);
    expect((await odo.auditOf('ann')).map(({ action }) => action).slice(-5)).toEqual([
      ...['subscribe.add', 'subscribe.add', 'subscribe.remove', 'subscribe.remove', 'subscribe.import'],
    ]);
  });
});
