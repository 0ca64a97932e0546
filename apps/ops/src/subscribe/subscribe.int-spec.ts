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

  it('set changes only who is there: units, quiet hours, whether one is told at all', async () => {
    expect((await odo.run('user', 'set', 'zoe', '--units', 'imperial')).err).toMatch(
      /^NOT_FOUND: .*no user zoe/,
    );
    await odo.done('user', 'add', 'eve', '--email', 'eve@example.com');
    expect((await odo.run('user', 'set', 'eve', '--quiet-days', 'mon')).err).toContain('has no quiet hours');
    const quiet = ['--quiet', '22:00-07:00', '--quiet-days', 'mon-fri', '--quiet-timezone', 'europe/vienna'];
    expect(await odo.done('user', 'set', 'eve', ...quiet, '--units', 'imperial')).toBe('user eve: updated\n');
    expect(await odo.done('user', 'set', 'eve', ...quiet)).toContain('unchanged');
    const asSet = { quiet_hours: '22:00-07:00', quiet_days: 'mon-fri', quiet_timezone: 'Europe/Vienna' };
    expect(await odo.one('user', 'show', 'eve')).toMatchObject({
      ...asSet,
      units: 'imperial',
      enabled: true,
    });
    expect(await odo.done('user', 'list')).toMatch(/imperial +yes +22:00-07:00 mon-fri Europe\/Vienna/);
    await odo.done('user', 'set', 'eve', '--enabled', 'no', '--quiet-timezone', 'account');
    await odo.done('user', 'add', 'eve', '--locale', 'pt-BR', '--quiet', '23:30-06:00');
    expect(await odo.one('user', 'show', 'eve')).toMatchObject({
      ...{
        enabled: false,
        locale: 'pt-BR',
        quiet_hours: '23:30-06:00',
        quiet_days: 'mon-fri',
        quiet_timezone: null,
      },
    });
    await odo.done('user', 'set', 'eve', '--no-quiet');
    expect(await odo.one('user', 'show', 'eve')).toMatchObject({ quiet_hours: null, quiet_days: null });
    const file = odo.file(
      'quiet.csv',
      'user_id,units,enabled,quiet,quiet_days,quiet_timezone\neve,metric,yes,21:00-05:00,"sat,sun",UTC\n',
    );
    expect(await odo.done('user', 'import', file)).toBe('1 updated\n');
    expect(await odo.one('user', 'show', 'eve')).toMatchObject({
      ...{
        units: 'metric',
        enabled: true,
        quiet_hours: '21:00-05:00',
        quiet_days: 'sat,sun',
        quiet_timezone: 'UTC',
      },
    });
    const none = odo.file('none.csv', 'user_id,quiet\neve,none\n');
    expect(await odo.done('user', 'import', none)).toBe('1 updated\n');
    expect((await odo.auditOf('eve')).at(-1)).toMatchObject({
      ...{ action: 'user.import', after: { quiet_hours: null } },
    });
    await odo.done('user', 'remove', 'eve');
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

  it('set makes what is named the only subscriptions of a user', async () => {
    await odo.done('user', 'add', 'joe', '--email', 'joe@example.com');
    await odo.done('subscribe', 'add', 'joe');
    await odo.done('subscribe', 'add', 'joe', '--device', IMEI, '--kind', 'geofence.entered');
    const set = [
      'subscribe',
      'set',
      'joe',
      '--device',
      IMEI,
      '--kind',
      'geofence.entered',
      'geofence.exited',
    ];
    expect((await odo.done(...set)).split('\n').sort().join('|')).toBe(
      '|subscription joe: added|subscription joe: removed|subscription joe: unchanged',
    );
    expect(await odo.many('subscribe', 'show', 'joe')).toMatchObject([
      { device: IMEI, kind: 'geofence.entered' },
      { device: IMEI, kind: 'geofence.exited' },
    ]);
    expect((await odo.run('subscribe', 'set', 'joe', '--device', OTHER)).err).toContain('in tenant default');
    expect(await odo.many('subscribe', 'show', 'joe')).toHaveLength(2);
    expect((await odo.auditOf('joe')).map(({ action, outcome }) => [action, outcome]).slice(-3)).toEqual([
      ['subscribe.set', 'unchanged'],
      ['subscribe.set', 'added'],
      ['subscribe.set', 'removed'],
    ]);
  });
});
