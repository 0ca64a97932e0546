import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import {
  addDead,
  addLetter,
  addRecord,
  addRoute,
  clearNotifications,
  decisionsOfRoute,
  routeRow,
} from '../notification-rows.testing';

const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
afterAll(() => odo.close());
beforeEach(() => clearNotifications(odo));

const letterRow = (letter: string) =>
  odo.query('SELECT * FROM notification.dead_letter WHERE id = $1::bigint', [letter]).then(([row]) => ({
    ...row,
    id: letter,
  }));
const resolutions = () =>
  odo.query(
    `SELECT dead_letter_id::text AS letter, resolution, replayed_as, resolved_by, reason
     FROM notification.dead_letter_resolution ORDER BY dead_letter_id`,
  );
const countRoutes = () =>
  odo.query('SELECT count(*)::integer AS routes FROM notification.route').then(([row]) => row?.['routes']);

/** The publisher tries a route to its end. */
async function kill(route: string): Promise<string> {
  await odo.query(
    `UPDATE notification.route SET state = 'dead_lettered', reason = 'mail_stream_publish_failed', last_error = 'ERR no',
       attempts = max_attempts, next_attempt_at = NULL WHERE route_id = $1`,
    [route],
  );
  return addLetter(odo, route);
}

describe('odo notification dlq', () => {
  it('lists what nothing was done about, newest first, and shows one', async () => {
    const notification = await addRecord(odo, { key: 'listed' });
    const mail = await addDead(odo, notification);
    const push = await addDead(odo, notification, {
      ...{ channel: 'push', recipient: 'bob', reason: 'gateway_stream_publish_failed' },
    });
    const list = (...more: string[]) =>
      odo.many('notification', 'dlq', 'list', ...more).then((rows) => rows.map(({ letter }) => letter));
    expect(await list()).toEqual([push.letter, mail.letter]);
    expect(await list('--channel', 'email')).toEqual([mail.letter]);
    expect(await list('--class', 'gateway_stream_publish_failed')).toEqual([push.letter]);
    expect(await list('--type', 'vehicle.sos')).toEqual([]);
    expect(await list('--recipient', 'ann')).toEqual([mail.letter]);
    expect(await list('--since', '2100-01-01')).toEqual([]);
    const shown = await odo.one('notification', 'dlq', 'show', mail.letter);
    expect(shown).toMatchObject({
      ...{
        letter: mail.letter,
        route_id: mail.route,
        error_class: 'mail_stream_publish_failed',
        attempts: 8,
      },
      ...{ subject: '***********1013', resolution: null },
    });
    expect((await odo.run('notification', 'dlq', 'show', '999999')).err).toMatch(/^NOT_FOUND/);
  });

  it('check 8: a replay is a new lineage of attempts, and the dead route and its letter stay as they were', async () => {
    const notification = await addRecord(odo, { key: 'check-8' });
    const { letter, route } = await addDead(odo, notification, {
      ...{ lane: 'urgent', collapse_key: 'c', timezone: 'Europe/Vienna', units: 'imperial', locale: 'de' },
    });
    const [deadBefore, letterBefore] = [await routeRow(odo, route), await letterRow(letter)];
    const replay = ['notification', 'dlq', 'replay', letter, '--reason', 'mail is back', '--actor', 'eve'];
    expect(await odo.one(...replay, '--dry-run')).toMatchObject({
      ...{ dry_run: true, letters: [{ letter, kind: 'replayed', replayed_as: `${route}#r1` }] },
    });
    expect(await countRoutes()).toBe(1);
    expect(await odo.done(...replay)).toBe(`letter ${letter}: goes again as ${route}#r1\n1 replayed\n`);
    expect(await routeRow(odo, `${route}#r1`)).toMatchObject({
      ...{ notification_id: notification, state: 'pending', attempts: 0, max_attempts: 8, replay_of: route },
      ...{ address: 'ann@example.com', lane: 'urgent', collapse_key: 'c', timezone: 'Europe/Vienna' },
      ...{ units: 'imperial', locale: 'de', lease_token: null, last_error: null },
      admitted_at: expect.anything() as unknown,
    });
    expect(await routeRow(odo, route)).toEqual(deadBefore);
    expect(await letterRow(letter)).toEqual(letterBefore);
    expect(await resolutions()).toEqual([
      {
        letter,
        resolution: 'replayed',
        replayed_as: `${route}#r1`,
        resolved_by: 'eve',
        reason: 'mail is back',
      },
    ]);
    expect(await decisionsOfRoute(odo, `${route}#r1`)).toEqual([
      {
        ...{ decision: 'replayed', reason: 'operator', attempt: 0 },
        detail: { letter, replay_of: route, by: 'eve', why: 'mail is back' },
      },
    ]);
    expect(await odo.many('notification', 'dlq', 'list')).toEqual([]);
    expect(await odo.many('notification', 'dlq', 'list', '--resolved')).toHaveLength(1);
    expect(await odo.auditOf(`dead-letter:${letter}`)).toMatchObject([
      { action: 'notification.dlq.replay', outcome: 'updated', after: { replayed_as: `${route}#r1` } },
    ]);
    expect((await odo.run(...replay)).err).toMatch(/^WRONG_STATE.*replayed already, as .*#r1 \(pending\)/);
    expect(await countRoutes()).toBe(2);
  });

  it('replays a replay that died too, and at some point no more', async () => {
    let { letter, route } = await addDead(odo, await addRecord(odo, { key: 'generations' }));
    const first = route;
    for (let generation = 1; generation <= 5; generation += 1) {
      await odo.done('notification', 'dlq', 'replay', letter);
      expect(await routeRow(odo, `${first}#r${generation}`)).toMatchObject({ replay_of: route });
      route = `${first}#r${generation}`;
      letter = await kill(route);
    }
    expect((await odo.run('notification', 'dlq', 'replay', letter)).err).toMatch(
      /^WRONG_STATE.*has died 6 times/,
    );
    expect(await odo.done('notification', 'dlq', 'replay', '--all', '--yes')).toBe(
      '0 replayed, 1 replayed too often\n',
    );
    expect(await odo.many('notification', 'dlq', 'list')).toHaveLength(1);
    expect(await odo.done('notification', 'dlq', 'resolve', letter, '--reason', 'of no use')).toBe(
      '1 resolved\n',
    );
  });

  it('replays several only with --yes, each due so much later than the one before; too old ones stay', async () => {
    const fresh = await addRecord(odo, { key: 'fresh' });
    const old = await addRecord(odo, { key: 'old', ageMs: 7_200_000, expiresInMs: -3_600_000 });
    const letters = [await addDead(odo, fresh), await addDead(odo, fresh, { recipient: 'bob' })];
    const expired = await addDead(odo, old);
    await addDead(odo, fresh, { channel: 'push' });
    const replay = ['notification', 'dlq', 'replay', '--channel', 'email', '--rate', '1'];
    expect((await odo.run('notification', 'dlq', 'replay')).err).toContain(
      'name one letter, or choose by filters',
    );
    expect((await odo.run('notification', 'dlq', 'replay', expired.letter, '--all')).status).toBe(2);
    expect(await odo.done(...replay)).toMatch(
      /2 would be replayed, 1 too old to be told of \(--yes does it\)\n$/,
    );
    expect(await resolutions()).toEqual([]);
    const done = await odo.one(...replay, '--yes');
    expect(done['letters']).toMatchObject([
      { letter: letters[0]?.letter, kind: 'replayed' },
      { letter: letters[1]?.letter, kind: 'replayed' },
      { letter: expired.letter, kind: 'expired', replayed_as: null },
    ]);
    const [rows] = await odo.query(
      `SELECT extract(epoch FROM max(next_attempt_at) - min(next_attempt_at))::float8 AS apart_s
       FROM notification.route WHERE replay_of IS NOT NULL`,
    );
    expect(rows?.['apart_s']).toBe(1);
    expect((await odo.run('notification', 'dlq', 'replay', expired.letter)).err).toMatch(
      /^WRONG_STATE.*too old/,
    );
    expect(await odo.many('notification', 'dlq', 'list')).toHaveLength(2);
  });

  it('takes along what is folded into a dead route, however old that is', async () => {
    const notification = await addRecord(odo, { key: 'folded', ageMs: 7_200_000, expiresInMs: -1000 });
    const { letter, route } = await addDead(odo, notification, { fold_key: 'default:email:ann:t:digest:1' });
    const member = await addRoute(odo, notification, {
      ...{ channel: 'email', recipient: 'ann2', state: 'superseded', reason: 'digest', folded_into: route },
    });
    await odo.done('notification', 'dlq', 'replay', letter);
    expect(await routeRow(odo, `${route}#r1`)).toMatchObject({ fold_key: 'default:email:ann:t:digest:1' });
    expect(await routeRow(odo, member)).toMatchObject({ folded_into: `${route}#r1`, state: 'superseded' });
    expect(await decisionsOfRoute(odo, member)).toMatchObject([
      { decision: 'folded', reason: 'digest', detail: { folded_into: `${route}#r1`, moved_from: route } },
    ]);
  });

  it('resolves for a reason; what is resolved is replayed no more', async () => {
    const { letter, route } = await addDead(odo, await addRecord(odo, { key: 'resolved' }));
    await addDead(odo, await addRecord(odo, { key: 'other' }), { channel: 'push' });
    const reason = ['--reason', 'the mailbox is closed', '--actor', 'eve'];
    const resolve = ['notification', 'dlq', 'resolve'];
    expect(await odo.done(...resolve, '--channel', 'email', ...reason)).toBe(
      '1 would be resolved (--yes does it)\n',
    );
    expect(await odo.done(...resolve, letter, ...reason)).toBe('1 resolved\n');
    expect(await resolutions()).toMatchObject([
      {
        letter,
        resolution: 'resolved',
        replayed_as: null,
        resolved_by: 'eve',
        reason: 'the mailbox is closed',
      },
    ]);
    expect(await routeRow(odo, route)).toMatchObject({ state: 'dead_lettered' });
    expect((await odo.run('notification', 'dlq', 'replay', letter)).err).toMatch(
      /^WRONG_STATE.*resolved already/,
    );
    expect(await odo.auditOf(`dead-letter:${letter}`)).toMatchObject([
      { action: 'notification.dlq.resolve' },
    ]);
    expect(await odo.done(...resolve, '--all', '--yes', ...reason)).toBe('1 resolved\n');
    expect(await odo.many('notification', 'dlq', 'list')).toEqual([]);
  });
});
