/** The fields of a good intent, for specs. */
export function intentFields(changes: Record<string, string> = {}): Record<string, string> {
  return {
    v: '1',
    event_id: '00000000-0000-5000-8000-000000000001',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    notification_type: 'vehicle.geofence.entered',
    producer: 'processor',
    audience_kind: 'user',
    recipient_user_ids_json: '["anna"]',
    idempotency_key: 'event-1',
    subject: '7',
    tenant_id: 'default',
    occurred_at_ms: '1700000000000',
    payload_json: JSON.stringify({
      event_id: '00000000-0000-5000-8000-000000000001',
      imei: '356307042441013',
      device_name: 'Van 1',
      reference: 'geofence:1',
      reference_name: 'Depot',
      longitude: 25.27,
      latitude: 54.68,
      speed_kmh: 42,
      details: { radius_m: 200 },
    }),
    ...changes,
  };
}

/** The fields of a good intent for the administrators. */
export function adminFields(changes: Record<string, string> = {}): Record<string, string> {
  const fields = intentFields({
    notification_type: 'system.alert',
    producer: 'operator',
    audience_kind: 'admin_email',
    idempotency_key: 'alert-1',
    subject: 'system',
    payload_json: JSON.stringify({ title: 'Disk', text: 'It is full.' }),
  });
  delete fields['recipient_user_ids_json'];
  return { ...fields, ...changes };
}
