import { notificationId } from '@app/common/contracts';
import { canonicalJson } from './canonical-json';
import { parseIntent } from './intent';
import { intentFields } from './intent.testing';

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

describe('canonicalJson', () => {
  it('sorts keys at every depth and keeps the order of lists', () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'x' })).toBe('{"a":"x","b":[{"a":null,"z":1}]}');
  });
});
