import { notificationId } from '@app/common/contracts';
import { entryFields, vehiclePayload } from './intent.testing';
import { verdictsOf } from './validate';

const verdictOf = (changes: Record<string, string | undefined>) =>
  verdictsOf(JSON.stringify(entryFields(changes)))[0];

describe('what the intake would say', () => {
  it('accepts an entry, and a draft of one', () => {
    const ok = { verdict: 'ok', notification_id: notificationId('processor', 'event-1'), problems: [] };
    expect(verdictOf({})).toMatchObject(ok);
    expect(verdictOf({ v: undefined, event_id: undefined, traceparent: undefined })).toMatchObject(ok);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['envelope_invalid', { tenant_id: undefined }, 'tenant_id'],
    ['envelope_invalid', { v: undefined }, 'v'],
    ['envelope_invalid', { occurred_at_ms: 'soon' }, 'occurred_at_ms'],
    ['version_unknown', { v: '9' }, 'v'],
    ['type_unknown', { notification_type: 'vehicle.parked' }, 'notification_type'],
    ['producer_not_allowed', { producer: 'stranger' }, 'producer'],
    ['audience_mismatch', { audience_kind: 'admin_email' }, 'audience_kind'],
    ['recipients_invalid', { recipient_user_ids_json: undefined }, 'recipient_user_ids_json'],
    ['recipients_invalid', { recipient_user_ids_json: '[]' }, 'recipient_user_ids_json'],
    ['payload_invalid', { payload_json: '{' }, 'payload_json'],
    [
      'payload_invalid',
      { payload_json: JSON.stringify(vehiclePayload({ longitude: 'east' })) },
      'payload_json.longitude',
    ],
  ])('says %s of %j', (code, changes, field) => {
    const verdict = verdictOf(changes);
    expect(verdict).toMatchObject({ verdict: code, notification_id: null });
    expect(verdict?.problems.map((problem) => problem.field)).toContain(field);
  });

  it('names all that is wrong, and the line where it stands', () => {
    const bad = entryFields({ producer: 'stranger', recipient_user_ids_json: '[1]' });
    const verdicts = verdictsOf(
      ['', JSON.stringify(entryFields()), 'not json', JSON.stringify(bad), '7'].join('\n'),
    );
    expect(verdicts.map(({ place, verdict }) => [place, verdict])).toEqual([
      ['line 2', 'ok'],
      ['line 3', 'no_object'],
      ['line 4', 'producer_not_allowed'],
      ['line 5', 'no_object'],
    ]);
    expect(verdicts[2]?.problems.map(({ code }) => code)).toEqual([
      'producer_not_allowed',
      'recipients_invalid',
    ]);
  });

  it('knows a repeat from a conflict, as the intake does', () => {
    const texts = [
      entryFields(),
      entryFields({ trace_id: 'another', recipient_user_ids_json: '["ann","ann"]' }),
      entryFields({
        payload_json: JSON.stringify(Object.fromEntries(Object.entries(vehiclePayload()).reverse())),
      }),
      entryFields({ occurred_at_ms: '1769846400001' }),
    ];
    expect(verdictsOf(JSON.stringify(texts)).map(({ place, verdict }) => [place, verdict])).toEqual([
      ['member 1', 'ok'],
      ['member 2', 'ok'],
      ['member 3', 'ok'],
      ['member 4', 'idempotency_conflict'],
    ]);
  });

  it('takes one object over several lines', () => {
    expect(verdictsOf(JSON.stringify(entryFields(), null, 2))).toMatchObject([{ verdict: 'ok' }]);
    expect(() => verdictsOf(' \n')).toThrow(/has no intent/);
  });
});
