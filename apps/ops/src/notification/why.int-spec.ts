import { z } from 'zod';
import { GATEWAY_CLIENT_EVENTS, intentMessageId, MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { odoSuite } from '../odo-suite.testing';
import {
  addDead,
  addDecision,
  addRecord,
  addRoute,
  clearNotifications,
  type DecisionWish,
} from '../notification-rows.testing';

const suite = odoSuite();
const { odo } = suite;
beforeEach(() => clearNotifications(odo));
beforeEach(() => odo.query('TRUNCATE outbox.message'));

const UNTIL = Date.parse('2026-02-01T06:00:00Z');
const PREFERENCE = { preference: { user_id: '*', notification_type: 'vehicle.online', channel: '*' } };

const toldSchema = z.looseObject({
  notifications: z.array(
    z.looseObject({
      routes: z.array(
        z.looseObject({
          route_id: z.string(),
          why: z.string(),
          entry: z.looseObject({ state: z.string() }).nullable(),
        }),
      ),
      timeline: z.array(z.looseObject({ what: z.string() })),
    }),
  ),
});

const notificationsOf = async (id: string) =>
  toldSchema.parse(await odo.one('notification', 'why', id)).notifications;

const routesOf = async (id: string) => (await notificationsOf(id)).flatMap(({ routes }) => routes);

describe('odo notification why', () => {
  it('finds it by notification, route, event and key, and tells all that happened in order', async () => {
    const key = '00000000-0000-5000-8000-00000000000a';
    const notification = await addRecord(odo, {
      key,
      ageMs: 60_000,
      payload: { imei: '356307042441013', old_imei: 356_307_042_441_013 },
    });
    const route = await addRoute(odo, notification, {
      state: 'retrying',
      attempts: 2,
      last_error: 'ERR full',
    });
    await addDecision(odo, route, {
      decision: 'retried',
      reason: 'gateway_stream_publish_failed',
      detail: { error: 'ERR full' },
    });
    await addDecision(odo, route, { decision: 'returned', reason: 'outage', attempt: 2 });
    await odo.query(`UPDATE notification.record SET stream_entry_id = '9-9'`);
    const byId = await odo.one('notification', 'why', notification);
    for (const id of [route, key]) expect(await odo.one('notification', 'why', id)).toEqual(byId);
    await odo.query('UPDATE notification.record SET event_id = $1', [intentMessageId('processor', key)]);
    const byEvent = await odo.one('notification', 'why', intentMessageId('processor', key));
    expect(byEvent).toMatchObject({ notifications: [{ record: { notification_id: notification } }] });
    const [told] = await notificationsOf(notification);
    expect(told?.timeline.map(({ what }) => what)).toEqual([
      ...[
        'occurred',
        'accepted',
        'route opened',
        'retried (gateway_stream_publish_failed)',
        'returned (outage)',
      ],
    ]);
    const text = await odo.done('notification', 'why', key);
    expect(text).toMatch(/waits for attempt 3 at 20\S+Z: ERR full/);
    expect(text).toMatch(
      new RegExp(
        `^\\S+Z +${route} +retried \\(gateway_stream_publish_failed\\) +attempt 1: error=ERR full$`,
        'm',
      ),
    );
    expect(text).toContain(`from processor, key ${key}, entry 9-9 of notification:intents`);
    expect(text).not.toContain('356307042441013');
    expect(JSON.stringify(byId)).not.toContain('356307042441013');
    expect(await odo.done('notification', 'why', key, '--full')).toContain('356307042441013');
    expect((await odo.run('notification', 'why', 'no-such-key')).err).toMatch(/^NOT_FOUND/);
  });

  it.each<[string, Record<string, unknown>, DecisionWish, RegExp]>([
    [
      'a preference',
      { state: 'skipped', reason: 'preference' },
      { decision: 'skipped', reason: 'preference', detail: PREFERENCE },
      /^skipped: preference, preference\(channel=\* user_id=\* notification_type=vehicle\.online\)$/,
    ],
    [
      'a disabled account',
      { state: 'skipped', reason: 'recipient_disabled' },
      { decision: 'skipped', reason: 'recipient_disabled', detail: { account: 'removed' } },
      /^skipped: recipient_disabled, account=removed$/,
    ],
    [
      'quiet hours',
      { state: 'scheduled', reason: 'quiet_hours', next_attempt_at: new Date(UNTIL) },
      {
        ...{ decision: 'deferred', reason: 'quiet_hours' },
        detail: {
          until_ms: UNTIL,
          quiet_hours: { starts_at: '22:00', ends_at: '07:00', timezone: 'Europe/Vienna' },
        },
      },
      /^put off until 2026-02-01T06:00:00\.000Z: quiet_hours, until=2026-02-01T06:00:00\.000Z quiet_hours\(ends_at=07:00 timezone=Europe\/Vienna starts_at=22:00\)$/,
    ],
    [
      'a throttle',
      { state: 'scheduled', reason: 'throttle', fold_key: 'k' },
      { decision: 'folded', reason: 'throttle', detail: { fold_key: 'k', due_ms: UNTIL, ...PREFERENCE } },
      /^put off until \S+: throttle, due=2026-02-01T06:00:00\.000Z fold_key=k preference\(channel=\*/,
    ],
    [
      'a newer event',
      { state: 'superseded', reason: 'newer_event' },
      {
        decision: 'superseded',
        reason: 'newer_event',
        detail: { notification_id: 'n-2', occurred_at_ms: UNTIL },
      },
      /^superseded: newer_event, occurred_at=2026-02-01T06:00:00\.000Z notification_id=n-2$/,
    ],
    [
      'its age',
      { state: 'expired', reason: 'expired' },
      { decision: 'expired', reason: 'expired', detail: { expires_at_ms: UNTIL } },
      /^expired: expired, expires_at=2026-02-01T06:00:00\.000Z$/,
    ],
    [
      'an operator',
      { state: 'skipped', reason: 'operator' },
      { decision: 'skipped', reason: 'operator', detail: { by: 'eve', why: 'too late' } },
      /^skipped: operator, by=eve why=too late$/,
    ],
  ])('says when %s has decided', async (_who, columns, decision, words) => {
    const notification = await addRecord(odo, { key: 'decided' });
    const route = await addRoute(odo, notification, columns);
    await addDecision(odo, route, { decision: 'retried', reason: 'operator', detail: { by: 'zoe' } });
    await addDecision(odo, route, decision);
    const [told] = await routesOf(notification);
    expect(told?.why).toMatch(words);
  });

  it('says into which route one was folded, and what became of that', async () => {
    const notification = await addRecord(odo, { key: 'folded' });
    const lead = await addRoute(odo, notification, {
      state: 'scheduled',
      reason: 'digest',
      next_attempt_at: new Date(UNTIL),
    });
    const member = await addRoute(odo, notification, {
      ...{ recipient: 'bob', state: 'superseded', reason: 'digest', folded_into: lead },
    });
    const whyOf = async (id: string) =>
      (await routesOf(notification)).find(({ route_id: each }) => each === id)?.why;
    expect(await whyOf(lead)).toMatch(/^put off until .*; 1 told together with it$/);
    expect(await whyOf(member)).toBe(
      `told together with ${lead} (digest), which waits until 2026-02-01T06:00:00.000Z`,
    );
    const entry = await suite.streams.append(GATEWAY_CLIENT_EVENTS, { event_id: lead });
    await odo.query(
      `UPDATE notification.route SET state = 'published', reason = NULL, next_attempt_at = NULL, published_at = $2,
         stream_entry_id = $3 WHERE route_id = $1`,
      [lead, new Date(UNTIL), entry],
    );
    expect(await whyOf(member)).toBe(
      `told together with ${lead} (digest), which was published at 2026-02-01T06:00:00.000Z as ${GATEWAY_CLIENT_EVENTS} ${entry} (still there)`,
    );
  });

  it('says whether what was published still stands in its stream', async () => {
    const notification = await addRecord(odo, { key: 'published' });
    const published = { state: 'published', published_at: new Date(UNTIL), attempts: 2 };
    const of = (recipient: string) => `email:${notification}:${recipient}`;
    const append = (recipient: string) =>
      suite.streams.append(MAIL_DELIVERY_COMMANDS, { delivery_id: of(recipient) });
    const entries = new Map([['trimmed', await append('trimmed')]]);
    entries.set('there', await append('there'));
    entries.set('replaced', await append('somebody else'));
    entries.set('lost', `${Date.now() + 3_600_000}-0`);
    await suite.streams.resolveLetter(MAIL_DELIVERY_COMMANDS, entries.get('trimmed') ?? '');
    for (const [recipient, id] of entries) {
      await addRoute(odo, notification, { ...published, channel: 'email', recipient, stream_entry_id: id });
    }
    const told = await routesOf(notification);
    expect(told.map(({ route_id: id, entry }) => [id, entry?.state])).toEqual(
      ['trimmed', 'there', 'replaced', 'lost'].map((state) => [of(state), state]),
    );
    const text = await odo.done('notification', 'why', notification);
    expect(text).toContain(
      `at attempt 2, as ${MAIL_DELIVERY_COMMANDS} ${entries.get('there') ?? ''} (still there)`,
    );
    const without = await odo.run('notification', 'why', notification, '--redis-url', 'redis://127.0.0.1:1');
    expect(without).toMatchObject({
      status: 0,
      out: expect.stringContaining('the store was not asked') as unknown,
    });
  });

  it('tells of a dead letter, what was done about it, and of the replay beside it', async () => {
    const notification = await addRecord(odo, { key: 'dead' });
    const { letter, route } = await addDead(odo, notification);
    expect((await routesOf(notification))[0]?.why).toContain(`nothing was done about letter ${letter} yet`);
    await odo.done('notification', 'dlq', 'replay', letter, '--actor', 'eve', '--reason', 'mail is back');
    const told = await routesOf(`${route}#r1`);
    expect(told.map(({ route_id: id, why }) => [id, why])).toEqual([
      [
        route,
        expect.stringMatching(
          /^given up after 8 of 8 attempts: mail_stream_publish_failed, ERR no; replayed as .*#r1$/,
        ),
      ],
      [`${route}#r1`, expect.stringMatching(/^waits for a publisher, due since/)],
    ]);
    const text = await odo.done('notification', 'why', route);
    expect(text).toMatch(/letter replayed +by eve, as \S+#r1, mail is back/);
    expect(text).toMatch(
      /replayed \(operator\) +attempt 0: by=eve why=mail is back letter=\d+ replay_of=email:/,
    );
  });

  it('tells of a record that waits for its users, and of an intent that was not accepted', async () => {
    const notification = await addRecord(odo, { key: 'waiting' });
    await odo.query(
      `UPDATE notification.record SET state = 'waiting', next_lookup_at = now() + interval '1 minute', lookups = 3,
         last_lookup_error = 'timeout'`,
    );
    await odo.query(
      `INSERT INTO notification.malformed_intent (stream_entry_id, fields_digest, code, message, raw_fields)
       VALUES ('7-7', 'd', 'idempotency_conflict', 'other content', '{"idempotency_key": "waiting"}')`,
    );
    expect(await odo.one('notification', 'why', notification)).toMatchObject({
      notifications: [{ record: { state: 'waiting', lookups: 3 }, routes: [] }],
      malformed: [{ stream_entry_id: '7-7', code: 'idempotency_conflict' }],
    });
    const text = await odo.done('notification', 'why', 'waiting');
    expect(text).toMatch(/it waits until its users are known/);
    expect(text).toMatch(/next lookup of its users +3 so far, the last: timeout/);
    await clearNotifications(odo);
    await odo.query(
      `INSERT INTO notification.malformed_intent (stream_entry_id, fields_digest, code, message, raw_fields)
       VALUES ('8-8', 'd', 'payload_invalid', 'no imei', '{"idempotency_key": "bad-key"}')`,
    );
    expect(await odo.done('notification', 'why', 'bad-key')).toMatch(
      /^not accepted\n[^\n]*\n\d+ .*payload_invalid +no imei\n$/,
    );
  });

  it('tells of an intent that is still on its way through the outbox', async () => {
    await odo.done('user', 'add', 'ann', '--email', 'ann@example.com');
    odo.typed = JSON.stringify({
      ...{ imei: '356307042441013', device_name: 'Van 1', reference: 'sos', reference_name: 'SOS' },
      ...{ longitude: 1, latitude: 2, details: {} },
    });
    await odo.done('intent', 'send', 'vehicle.sos', '--to', 'ann', '--payload', '-', '--key', 'on-its-way');
    expect(await odo.done('notification', 'why', 'on-its-way')).toMatch(
      /^the intent's message \S+ of \S+ waits for the relay\n$/,
    );
    await odo.query(`UPDATE outbox.cursor SET generation = 9`);
    expect(await odo.done('notification', 'why', 'on-its-way')).toMatch(
      /was published and is not accepted yet/,
    );
    await odo.query('UPDATE outbox.cursor SET generation = 0');
  });
});
