import fc from 'fast-check';
import { z } from 'zod';
import { notificationId } from '@app/common/contracts';
import { parseIntent } from './intent';
import { adminFields, intentFields } from './intent.testing';

const codeOf = (fields: Record<string, string>) => {
  const parsed = parseIntent(fields);
  return parsed.kind === 'malformed' ? parsed.reason.code : 'accepted';
};
const intentOf = (fields: Record<string, string>) => {
  const parsed = parseIntent(fields);
  if (parsed.kind !== 'intent') throw new Error(parsed.reason.message);
  return parsed.intent;
};
const without = (key: string) =>
  Object.fromEntries(Object.entries(intentFields()).filter(([name]) => name !== key));

const payloadOf = (fields: Record<string, string>): object =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(fields['payload_json'] ?? ''));

describe('parseIntent', () => {
  it('takes an intent of the catalog', () => {
    const intent = intentOf(intentFields());
    expect(intent.notificationId).toBe(notificationId('processor', intent.idempotencyKey));
    expect(intent.type.channels).toEqual(['push', 'email']);
  });

  it.each([
    ['envelope_invalid', without('idempotency_key')],
    ['envelope_invalid', intentFields({ occurred_at_ms: 'yesterday' })],
    ['version_unknown', intentFields({ v: '2' })],
    ['type_unknown', intentFields({ notification_type: 'vehicle.sang' })],
    ['producer_not_allowed', intentFields({ producer: 'stranger' })],
    ['audience_mismatch', intentFields({ audience_kind: 'admin_email' })],
    ['recipients_invalid', without('recipient_user_ids_json')],
    ['recipients_invalid', intentFields({ recipient_user_ids_json: '[]' })],
    ['recipients_invalid', intentFields({ recipient_user_ids_json: '["u' })],
    ['payload_invalid', intentFields({ payload_json: '{}' })],
    ['recipients_invalid', adminFields({ recipient_user_ids_json: '["anna"]' })],
    ['audience_mismatch', adminFields({ audience_kind: 'user', recipient_user_ids_json: '["anna"]' })],
    ['producer_not_allowed', adminFields({ producer: 'processor' })],
  ])('names what is wrong: %s', (code, fields) => {
    expect(codeOf(fields)).toBe(code);
  });

  it('gives the same fingerprint whatever the order of keys and recipients, and whatever the trace', () => {
    const one = intentOf(
      intentFields({ recipient_user_ids_json: '["b","a","a"]', trace_id: 't1', request_id: 'r1' }),
    );
    const payload = JSON.parse(intentFields()['payload_json'] ?? '') as Record<string, unknown>;
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(payload).reverse()));
    const other = intentOf(intentFields({ recipient_user_ids_json: '["a","b"]', payload_json: reversed }));
    expect(other.fingerprint).toBe(one.fingerprint);
    expect(one.recipientUserIds).toEqual(['a', 'b']);
  });

  it('takes an intent for administrators, who are nobody that it names', () => {
    const intent = intentOf(adminFields());
    expect([intent.type.audience, intent.recipientUserIds]).toEqual(['admin_email', []]);
  });

  it('expires when the intent says, else when its type says', () => {
    const occurredAtMs = 1_700_000_000_000;
    expect(intentOf(intentFields()).expiresAtMs).toBe(occurredAtMs + 3_600_000);
    expect(intentOf(intentFields({ expires_at_ms: '1700000000001' })).expiresAtMs).toBe(occurredAtMs + 1);
  });

  it('has a fingerprint that no order of writing changes, and neither request nor trace', () => {
    const texts = fc.option(fc.string(), { nil: undefined });
    fc.assert(
      fc.property(
        fc
          .uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 })
          .chain((users) =>
            fc.tuple(fc.constant(users), fc.shuffledSubarray(users, { minLength: users.length })),
          ),
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())),
        texts,
        texts,
        ([users, shuffled], details, requestId, traceId) => {
          const write = (userIds: readonly string[], members: [string, unknown][], more: object) => {
            const payload = { ...payloadOf(intentFields()), details: Object.fromEntries(members) };
            return intentOf({
              ...intentFields({ recipient_user_ids_json: JSON.stringify(userIds) }),
              payload_json: JSON.stringify(Object.fromEntries(Object.entries(payload).reverse())),
              ...more,
            }).fingerprint;
          };
          const members = Object.entries(details);
          expect(
            write([...shuffled, ...users], [...members].reverse(), {
              ...(requestId === undefined ? {} : { request_id: requestId }),
              ...(traceId === undefined ? {} : { trace_id: traceId }),
            }),
          ).toBe(write(users, members, {}));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives another fingerprint when type, recipients, time or payload differ', () => {
    const fingerprints = [
      intentFields(),
      intentFields({ notification_type: 'vehicle.geofence.exited' }),
      intentFields({ recipient_user_ids_json: '["someone"]' }),
      intentFields({ occurred_at_ms: '1700000000001' }),
    ].map((fields) => intentOf(fields).fingerprint);
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
  });
});
