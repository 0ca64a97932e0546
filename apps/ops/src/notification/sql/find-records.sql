SELECT notification_id, tenant_id, notification_type, producer, audience_kind, recipient_user_ids, idempotency_key,
  subject, payload, request_id, trace_id, occurred_at, expires_at, accepted_at, event_id, stream_entry_id, lane, state, routed_at,
  next_lookup_at, lookups, last_lookup_error
FROM notification.record
WHERE notification_id = ANY ($1::uuid[]);
