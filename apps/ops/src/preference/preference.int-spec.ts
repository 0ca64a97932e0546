import { testServers } from '@app/common/testing';
import { runCommandLine } from '../command-line';
import { OdoInTest } from '../command-line.testing';

afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
beforeAll(() => odo.done('user', 'add', 'ann', '--email', 'ann@example.com'));
beforeEach(() => odo.query('TRUNCATE notification.preference'));

const OVERSPEED = 'vehicle.overspeed.started';

describe('odo preference', () => {
  it('says whether, together and how often; what is left out stays, and inherit takes a wish back', async () => {
    const mail = ['ann', '--type', OVERSPEED, '--channel', 'email'];
    expect(await odo.done('preference', 'set', ...mail, '--digest', '15m')).toBe(
      `preference ann ${OVERSPEED} email: added\n`,
    );
    await odo.done('preference', 'set', ...mail, '--throttle', '5/10m', '--on');
    const [row] = await odo.many('preference', 'show', 'ann');
    expect(row).toMatchObject({
      ...{ user_id: 'ann', notification_type: OVERSPEED, channel: 'email', enabled: true },
      ...{ digest_window_s: 900, throttle_limit: 5, throttle_window_s: 600 },
    });
    expect(await odo.done('preference', 'add', ...mail, '--on')).toContain('unchanged');
    await odo.done('preference', 'set', ...mail, '--throttle', 'off', '--digest', 'inherit');
    expect(await odo.many('preference', 'list')).toMatchObject([
      { enabled: true, digest_window_s: null, throttle_limit: null, throttle_window_s: 0 },
    ]);
    expect(await odo.done('preference', 'list')).toMatch(/email +on +- +off\n$/);
    const rest = ['--throttle', 'inherit', '--enabled', 'inherit'];
    expect((await odo.run('preference', 'set', ...mail, ...rest)).err).toContain(
      'would say nothing any more',
    );
    expect((await odo.run('preference', 'remove', 'ann')).err).toMatch(/^NOT_FOUND.*exactly type \*/);
    expect(await odo.done('preference', 'remove', ...mail)).toContain('removed');
    expect(await odo.many('preference', 'list')).toEqual([]);
    expect(
      (await odo.auditOf(`ann ${OVERSPEED} email`)).map(({ action, outcome }) => [action, outcome]),
    ).toEqual([
      ['preference.set', 'added'],
      ['preference.set', 'updated'],
      ['preference.set', 'unchanged'],
      ['preference.set', 'updated'],
      ['preference.remove', 'removed'],
    ]);
  });

  it('shows of a user what bears on the user, the most specific first', async () => {
    await odo.done('preference', 'set', '*', '--type', OVERSPEED, '--off');
    await odo.done('preference', 'set', 'ann', '--digest', '1h');
    await odo.done('preference', 'set', 'ann', '--channel', 'push', '--off');
    await odo.done('preference', 'set', 'ann', '--type', OVERSPEED, '--on');
    const rows = await odo.many('preference', 'show', 'ann');
    expect(rows.map((row) => [row['user_id'], row['notification_type'], row['channel']])).toEqual([
      ['ann', OVERSPEED, '*'],
      ['ann', '*', 'push'],
      ['ann', '*', '*'],
      ['*', OVERSPEED, '*'],
    ]);
  });

  it('takes a file as a whole, and nobody whom the tenant has not', async () => {
    const file = odo.file(
      'preferences.csv',
      `user_id,type,channel,enabled,digest,throttle\nann,${OVERSPEED},email,on,15m,\n*,vehicle.online,push,off,,\n`,
    );
    expect(await odo.done('preference', 'import', file)).toBe('2 added\n');
    expect(await odo.done('preference', 'import', file)).toBe('2 unchanged\n');
    const mandatory = odo.file('sos.csv', 'user_id,type,enabled\nann,,off\nann,vehicle.sos,off\n');
    expect((await odo.run('preference', 'import', mandatory)).err).toMatch(
      /line 3, column type: is mandatory/,
    );
    const stranger = odo.file('stranger.csv', 'user_id,enabled\nann,off\nzoe,off\n');
    expect((await odo.run('preference', 'import', stranger)).err).toContain('line 3 <- NOT_FOUND');
    expect(await odo.many('preference', 'list')).toHaveLength(2);
    expect((await odo.run('preference', 'set', 'ann', '--off', '--tenant', 'acme')).err).toContain(
      'no user ann in tenant acme',
    );
  });

  it('does not ask this database for users whom a user service knows', async () => {
    const status = await runCommandLine(['preference', 'set', 'u-1', '--digest', '1h'], {
      terminal: { out: () => undefined, err: () => undefined },
      environment: {
        DATABASE_URL: servers.postgresUrl('odograph_ops'),
        NOTIFICATION_USER_SERVICE_BASE_URL: 'http://users.internal',
      },
      directory: '/nowhere',
    });
    expect(status).toBe(0);
    expect(await odo.many('preference', 'list')).toMatchObject([{ user_id: 'u-1' }]);
  });
});
