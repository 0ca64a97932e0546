import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS, notificationId } from '@app/common/contracts';
import { odoSuite } from '../odo-suite.testing';
import { entryFields, vehiclePayload } from './intent.testing';

const suite = odoSuite();
const { odo } = suite;

beforeAll(async () => {
  for (const user of ['ann', 'bob']) await odo.done('user', 'add', user, '--email', `${user}@example.com`);
});
beforeEach(() =>
  odo.query('TRUNCATE outbox.message, notification.malformed_intent, notification.record CASCADE'),
);

const messages = () =>
  odo.query(
    'SELECT topic, key, event_id, tenant_id, payload::jsonb AS payload FROM outbox.message ORDER BY id',
  );

describe('odo intent send', () => {
  it('puts what was checked into the outbox, once a key, and says which notification that is', async () => {
    const payload = Object.fromEntries(
      Object.entries(vehiclePayload()).filter(([name]) => name !== 'event_id'),
    );
    odo.typed = JSON.stringify(payload);
    const send = [
      'intent',
      'send',
      'vehicle.sos',
      '--to',
      'bob',
      'ann',
      'bob',
      '--payload',
      '-',
      '--key',
      'drill-1',
    ];
    const id = notificationId('operator', 'drill-1');
    expect(await odo.one(...send, '--dry-run')).toMatchObject({ notification_id: id, dry_run: true });
    expect(await messages()).toEqual([]);
    expect(await odo.done(...send)).toBe(`notification ${id} for ann, bob: sent\n`);
    const [message, ...others] = await messages();
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      ...{ topic: NOTIFICATION_INTENTS, key: '356307042441013', tenant_id: 'default' },
      payload: {
        ...{
          notification_type: 'vehicle.sos',
          producer: 'operator',
          audience_kind: 'user',
          idempotency_key: 'drill-1',
        },
        ...{ recipient_user_ids_json: '["ann","bob"]', subject: '356307042441013' },
        payload_json: JSON.stringify({ event_id: id, ...payload }),
      },
    });
    expect((await odo.run(...send)).err).toMatch(/^ALREADY_EXISTS.*drill-1: notification .* is sent already/);
    expect(await odo.auditOf(`notification:${id}`)).toMatchObject([
      {
        action: 'intent.send',
        outcome: 'added',
        after: { idempotency_key: 'drill-1', recipients: ['ann', 'bob'] },
      },
    ]);
  });

  it('tells administrators without naming any', async () => {
    const file = odo.file('alert.json', JSON.stringify({ title: 'Disk', text: 'It is full.' }));
    const send = ['intent', 'send', 'system.alert', '--payload', file];
    expect(await odo.done(...send)).toContain('for the administrators: sent');
    expect(await messages()).toMatchObject([
      { key: 'deployment', payload: { audience_kind: 'admin_email', subject: 'deployment' } },
    ]);
    expect((await odo.run(...send, '--to', 'ann')).err).toContain('--to is not for this type');
  });

  it('refuses what the intake would refuse, and what nobody would be told of', async () => {
    const good = odo.file('good.json', JSON.stringify(vehiclePayload()));
    const bad = odo.file('bad.json', JSON.stringify(vehiclePayload({ latitude: undefined, longitude: 'x' })));
    const text = odo.file('text.json', 'hello');
    const send = (file: string, ...more: string[]) =>
      odo.run('intent', 'send', 'vehicle.geofence.entered', '--payload', file, ...more);
    expect((await send(good)).err).toMatch(/^INPUT_INVALID.*--to is missing/);
    expect((await send(bad, '--to', 'ann')).err).toMatch(/payload_json\.longitude.*; payload_json\.latitude/);
    expect((await send(text, '--to', 'ann')).err).toContain('--payload is no JSON object');
    expect((await send(good, '--to', 'ann', 'zoe')).err).toMatch(/^NOT_FOUND.*no user zoe in tenant default/);
    expect((await send(good, '--to', 'ann', '--tenant', 'acme')).err).toMatch(/^NOT_FOUND/);
    expect((await send(good, '--to', 'ann', '--occurred-at', '2026-01-31')).err).toContain(
      'is too long ago: it expired',
    );
    expect((await send(good, '--to', 'ann', '--occurred-at', '2100-01-31')).err).toContain(
      'is in the future',
    );
    expect(await messages()).toEqual([]);
  });
});

describe('odo intent validate', () => {
  it('answers for each line, with status 1 where any is refused', async () => {
    const lines = [entryFields(), entryFields({ idempotency_key: 'event-2', producer: 'stranger' })];
    const file = odo.file('intents.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    const ran = await odo.run('intent', 'validate', file, '--json');
    expect(ran).toMatchObject({ status: 1, err: '' });
    expect(JSON.parse(ran.out)).toMatchObject([{ verdict: 'ok' }, { verdict: 'producer_not_allowed' }]);
    odo.typed = JSON.stringify(lines[0]);
    expect(await odo.done('intent', 'validate', '-')).toMatch(
      /^PLACE +VERDICT[^\n]*\nline 1 +ok +vehicle\.sos/,
    );
  });
});

describe('odo intent malformed', () => {
  const malformed = async (
    entryId: string,
    code: string,
    fields: Record<string, string>,
  ): Promise<string> => {
    const [row] = await odo.query(
      `INSERT INTO notification.malformed_intent
         (stream_entry_id, fields_digest, code, message, producer, notification_type, raw_fields)
       VALUES ($1, md5($4::text), $2, 'why', $3, 'vehicle.sos', $4::text::jsonb) RETURNING id::text`,
      [entryId, code, fields['producer'] ?? null, JSON.stringify(fields)],
    );
    return String(row?.['id']);
  };

  it('lists the newest, by code, producer, type and time, and shows one with all it said', async () => {
    const first = await malformed('5-1', 'payload_invalid', entryFields());
    const second = await malformed('5-2', 'producer_not_allowed', entryFields({ producer: 'stranger' }));
    const list = (...more: string[]) =>
      odo.many('intent', 'malformed', 'list', ...more).then((rows) => rows.map(({ id }) => id));
    expect(await list()).toEqual([second, first]);
    expect(await list('--code', 'payload_invalid')).toEqual([first]);
    expect(await list('--producer', 'stranger')).toEqual([second]);
    expect(await list('--type', 'vehicle.online')).toEqual([]);
    expect(await list('--since', '2100-01-01')).toEqual([]);
    expect(await list('--limit', '1')).toEqual([second]);
    const shown = await odo.one('intent', 'malformed', 'show', first);
    expect(shown).toMatchObject({
      ...{ id: first, code: 'payload_invalid', stream_entry_id: '5-1', idempotency_key: 'event-1' },
      raw_fields: { subject: '***********1013', producer: 'processor' },
    });
    expect(await odo.one('intent', 'malformed', 'show', '5-2', '--full')).toMatchObject({
      ...{ id: second, raw_fields: { subject: '356307042441013' } },
    });
    expect((await odo.run('intent', 'malformed', 'show', '999999')).err).toMatch(/^NOT_FOUND/);
  });

  it('shows what stands around an entry of the stream, and what became of each', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      ids.push(
        await suite.streams.append(NOTIFICATION_INTENTS, entryFields({ idempotency_key: `around-${n}` })),
      );
    }
    const [, accepted = '', bad = '', held = '', unread = ''] = ids;
    const read = {
      stream: NOTIFICATION_INTENTS,
      group: NOTIFICATION_GROUP,
      consumer: 'a',
      blockMs: 0,
      count: 4,
    };
    await suite.streams.readGroup({ ...read, signal: new AbortController().signal });
    await odo.query(
      `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
         recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at)
       VALUES ($1, 'default', 'vehicle.sos', 'processor', 'user', '{ann}', 'around-1', 'f', 's', '{}', 't', now())`,
      [notificationId('processor', 'around-1')],
    );
    const id = await malformed(bad, 'payload_invalid', entryFields({ idempotency_key: 'around-2' }));
    const expected = [
      {
        id: accepted,
        fate: 'accepted',
        notification_id: notificationId('processor', 'around-1'),
        is_it: false,
      },
      { id: bad, fate: 'malformed payload_invalid', notification_id: null, is_it: true },
      { id: held, fate: 'handed out', is_it: false },
      { id: unread, fate: 'not read yet', is_it: false },
    ];
    const show = ['intent', 'malformed', 'show'];
    const own = await odo.one(...show, id, '--around', '--before', '1', '--after', '2');
    expect(own).toMatchObject({ id, around: { id: bad, in_stream: true, entries: expected } });
    expect(await odo.one(...show, '--around', bad, '--before', '1', '--after', '2')).toEqual({
      around: own['around'],
    });
    const text = await odo.done(...show, '--around', bad, '--before', '1', '--after', '2');
    expect(text).toMatch(new RegExp(`^> +${bad} .*malformed payload_invalid`, 'm'));
    expect(text).not.toContain('356307042441013');
    // An entry that has left the stream: its neighbours are those that stand where it stood.
    await suite.streams.resolveLetter(NOTIFICATION_INTENTS, bad);
    const gone = await odo.one(...show, id, '--around', '--before', '1', '--after', '1');
    expect(gone).toMatchObject({ around: { in_stream: false, entries: [{ id: accepted }, { id: held }] } });
  });
});
