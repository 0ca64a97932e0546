import { randomUUID } from 'node:crypto';
import { eventually, testServers, withClient } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import {
  addDead,
  addDecision,
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

const CLAIM = `UPDATE notification.route SET state = 'publishing', reason = NULL, next_attempt_at = NULL,
  lease_token = $2, leased_until = now() + interval '1 minute' WHERE route_id = $1`;
const LATER = new Date(Date.now() + 7_200_000);

describe('odo route list and show', () => {
  it('lists by state, channel, recipient, type, subject, tenant and time', async () => {
    const old = await addRecord(odo, { key: 'old', ageMs: 7_200_000 });
    const young = await addRecord(odo, { key: 'young', type: 'vehicle.offline', subject: '356307042441021' });
    const waiting = await addRoute(odo, old, { state: 'retrying', attempts: 2, last_error: 'ERR' });
    const mail = await addRoute(odo, old, { channel: 'email', state: 'skipped', reason: 'preference' });
    const other = await addRoute(odo, young, { recipient: 'bob' });
    const list = (...more: string[]) =>
      odo.many('route', 'list', ...more).then((rows) => rows.map(({ route_id: id }) => id));
    expect(await list()).toEqual([other, mail, waiting]);
    expect(await list('--state', 'retrying', 'skipped')).toEqual([mail, waiting]);
    expect(await list('--channel', 'email')).toEqual([mail]);
    expect(await list('--recipient', 'bob')).toEqual([other]);
    expect(await list('--type', 'vehicle.offline')).toEqual([other]);
    expect(await list('--subject', '356307042441013')).toEqual([mail, waiting]);
    expect(await list('--tenant', 'acme')).toEqual([]);
    expect(await list('--since', new Date(Date.now() - 3_600_000).toISOString())).toEqual([other]);
    expect(await list('--limit', '1')).toEqual([other]);
    const table = await odo.done('route', 'list');
    expect(table).toContain(waiting);
    expect(table).not.toContain('356307042441013');
    expect(await odo.done('route', 'list', '--full')).toContain('356307042441013');
  });

  it('shows a route with its decisions, the address masked', async () => {
    const notification = await addRecord(odo, { key: 'shown' });
    const id = await addRoute(odo, notification, {
      channel: 'email',
      state: 'scheduled',
      reason: 'quiet_hours',
    });
    const detail = {
      until_ms: LATER.getTime(),
      quiet_hours: { starts_at: '22:00', timezone: 'Europe/Vienna' },
    };
    await addDecision(odo, id, { decision: 'deferred', reason: 'quiet_hours', detail });
    expect(await odo.one('route', 'show', id)).toMatchObject({
      ...{ route_id: id, state: 'scheduled', address: 'a***@example.com', subject: '***********1013' },
      decisions: [{ decision: 'deferred', reason: 'quiet_hours', detail }],
    });
    const text = await odo.done('route', 'show', id, '--full');
    expect(text).toContain('ann@example.com');
    expect(text).toContain(
      `until=${LATER.toISOString()} quiet_hours(timezone=Europe/Vienna starts_at=22:00)`,
    );
    expect((await odo.run('route', 'show', `push:${notification}:zoe`)).err).toMatch(/^NOT_FOUND/);
  });
});

describe('odo route retry', () => {
  it('makes due now what waits, its attempts and its state unchanged, and writes down who did', async () => {
    const notification = await addRecord(odo, { key: 'retried' });
    const id = await addRoute(odo, notification, { state: 'retrying', attempts: 3, last_error: 'ERR' });
    const before = await routeRow(odo, id);
    expect(await odo.done('route', 'retry', id, '--dry-run')).toBe(
      '1 would be due now (dry run: nothing was done)\n',
    );
    expect(await routeRow(odo, id)).toEqual(before);
    expect(await odo.done('route', 'retry', id, '--reason', 'the sink is back', '--actor', 'eve')).toBe(
      '1 due now\n',
    );
    const after = await routeRow(odo, id);
    expect(after).toMatchObject({ state: 'retrying', attempts: 3 });
    expect(new Date(String(after['next_attempt_at'])).getTime()).toBeLessThanOrEqual(Date.now());
    expect(await decisionsOfRoute(odo, id)).toEqual([
      {
        ...{ decision: 'retried', reason: 'operator', attempt: 3 },
        detail: { by: 'eve', why: 'the sink is back', was: 'retrying' },
      },
    ]);
    expect(await odo.auditOf(id)).toMatchObject([
      { actor: 'eve', action: 'route.retry', outcome: 'updated' },
    ]);
    expect((await odo.run('route', 'retry', id)).err).toMatch(/^WRONG_STATE.*it is due already/);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['published', { published_at: new Date() }, /it was published at 20/],
    ['skipped', { reason: 'preference' }, /it is skipped already \(preference\)/],
    ['superseded', { reason: 'newer_event' }, /it is superseded already/],
    ['expired', { reason: 'expired' }, /it is expired already/],
  ])('refuses one that is %s, with the reason', async (state, columns, words) => {
    const id = await addRoute(odo, await addRecord(odo, { key: state }), { state, ...columns });
    const ran = await odo.run('route', 'retry', id);
    expect(ran).toMatchObject({ status: 1, err: expect.stringMatching(/^WRONG_STATE/) as unknown });
    expect(ran.err).toMatch(words);
    expect(await odo.auditOf(id)).toEqual([]);
  });

  it('names the letter of one that is dead', async () => {
    const { route, letter } = await addDead(odo, await addRecord(odo, { key: 'dead' }));
    expect((await odo.run('route', 'retry', route)).err).toContain(`odo notification dlq replay ${letter}`);
  });

  it('takes those that the filter lets pass and that wait for later, and no others', async () => {
    const notification = await addRecord(odo, { key: 'many' });
    const later = await addRoute(odo, notification, { state: 'scheduled', reason: 'digest', fold_key: 'k' });
    await addRoute(odo, notification, { recipient: 'due', next_attempt_at: new Date(0) });
    await addRoute(odo, notification, { recipient: 'done', state: 'published', published_at: new Date() });
    await addRoute(odo, notification, { recipient: 'mail', channel: 'email' });
    expect((await odo.run('route', 'retry')).err).toContain('name one route, or choose by filters or --all');
    expect((await odo.run('route', 'retry', later, '--all')).status).toBe(2);
    expect((await odo.run('route', 'retry', '--state', 'published')).err).toContain(
      '--state names none that waits',
    );
    expect(await odo.one('route', 'retry', '--channel', 'push')).toMatchObject({
      routes: [{ route_id: later }],
    });
    expect(await odo.done('route', 'retry', '--all')).toBe('1 due now\n');
  });
});

describe('odo route skip', () => {
  it('gives up what waits, for a reason, with what is folded into it', async () => {
    const notification = await addRecord(odo, { key: 'skipped' });
    const lead = await addRoute(odo, notification, { state: 'scheduled', reason: 'digest', fold_key: 'k' });
    const member = { state: 'superseded', reason: 'digest', folded_into: lead };
    await addRoute(odo, notification, { recipient: 'bob', ...member });
    const skip = ['route', 'skip', lead, '--reason', 'in the workshop', '--actor', 'eve'];
    expect(await odo.done(...skip, '--dry-run')).toMatch(/^1 would be skipped, with 1 folded into it/);
    expect(await odo.done(...skip)).toBe('1 skipped, with 1 folded into it\n');
    expect(await routeRow(odo, lead)).toMatchObject({
      state: 'skipped',
      reason: 'operator',
      next_attempt_at: null,
    });
    expect(await decisionsOfRoute(odo, lead)).toMatchObject([
      { decision: 'skipped', reason: 'operator', detail: { by: 'eve', why: 'in the workshop' } },
    ]);
    expect(await odo.auditOf(lead)).toMatchObject([{ action: 'route.skip', after: { state: 'skipped' } }]);
    expect((await odo.run(...skip)).err).toMatch(/^WRONG_STATE.*skipped already \(operator\)/);
  });

  it('leaves alone what a publisher holds', async () => {
    const id = await addRoute(odo, await addRecord(odo, { key: 'held' }));
    await odo.query(CLAIM, [id, randomUUID()]);
    for (const verb of [['retry'], ['skip', '--reason', 'too late']]) {
      const ran = await odo.run('route', ...verb, id);
      expect(ran).toMatchObject({
        status: 1,
        err: expect.stringMatching(/^STILL_IN_USE.*holds it until 20/) as unknown,
      });
    }
    expect(await odo.done('route', 'skip', '--all', '--reason', 'too late')).toBe('0 skipped\n');
    expect(await routeRow(odo, id)).toMatchObject({ state: 'publishing' });
  });

  it('waits for a publisher that is taking the route, and lets it have it', async () => {
    const id = await addRoute(odo, await addRecord(odo, { key: 'raced' }));
    const token = randomUUID();
    await withClient(servers.postgresUrl('odograph_notification'), async (publisher) => {
      await publisher.query('BEGIN');
      await publisher.query(CLAIM, [id, token]);
      const running = odo.run('route', 'skip', id, '--reason', 'too late');
      await eventually(
        async () => {
          const [row] = await odo.query(
            `SELECT count(*)::integer AS waiting FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'odo' AND wait_event_type = 'Lock'`,
          );
          return row?.['waiting'] === 1;
        },
        { what: 'the command to wait for the row' },
      );
      await publisher.query('COMMIT');
      expect((await running).err).toMatch(/^STILL_IN_USE/);
    });
    expect(await routeRow(odo, id)).toMatchObject({ state: 'publishing', lease_token: token, reason: null });
    expect(await decisionsOfRoute(odo, id)).toEqual([]);
  });
});
