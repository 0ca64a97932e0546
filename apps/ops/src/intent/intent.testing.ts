/** The payload of a vehicle's notification, for specs. */
export const vehiclePayload = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  event_id: '00000000-0000-5000-8000-000000000001',
  imei: '356307042441013',
  device_name: 'Van 1',
  reference: 'sos',
  reference_name: 'SOS',
  longitude: 25.27,
  latitude: 54.68,
  details: {},
  ...changes,
});

/** The fields of a good entry of `notification:intents`. */
export const entryFields = (changes: Record<string, string | undefined> = {}): Record<string, string> => {
  const fields: Record<string, string | undefined> = {
    v: '1',
    event_id: '00000000-0000-5000-8000-000000000001',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    notification_type: 'vehicle.sos',
    producer: 'processor',
    audience_kind: 'user',
    recipient_user_ids_json: '["ann"]',
    idempotency_key: 'event-1',
    subject: '356307042441013',
    tenant_id: 'default',
    occurred_at_ms: '1769846400000',
    payload_json: JSON.stringify(vehiclePayload()),
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
};
