-- The row is the idempotency reservation. An intent that is known already returns nothing here.
INSERT INTO notification.record
  (notification_id, tenant_id, notification_type, producer, audience_kind, recipient_user_ids, idempotency_key,
   fingerprint, subject, payload, request_id, trace_id, traceparent, occurred_at, expires_at, event_id, lane,
   stream_entry_id, state, routed_at, next_lookup_at)
SELECT notification_id, tenant_id, notification_type, producer, audience_kind,
  ARRAY(SELECT jsonb_array_elements_text(recipients)), idempotency_key,
  fingerprint, subject, payload, request_id, trace_id, traceparent,
  to_timestamp(occurred_at_ms / 1000.0), to_timestamp(expires_at_ms / 1000.0),
  event_id, lane, stream_entry_id,
  CASE WHEN lookup_in_ms IS NULL THEN 'routed' ELSE 'waiting' END,
  CASE WHEN lookup_in_ms IS NULL THEN now() END,
  clock_timestamp() + lookup_in_ms * interval '1 millisecond'
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::text[], $9::text[],
    $10::jsonb[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[],
    $16::text[], $17::text[], $18::text[], $19::bigint[])
  AS intent (notification_id, tenant_id, notification_type, producer, audience_kind, recipients, idempotency_key,
    fingerprint, subject, payload, request_id, trace_id, traceparent, occurred_at_ms, expires_at_ms,
    event_id, lane, stream_entry_id, lookup_in_ms)
ON CONFLICT DO NOTHING
RETURNING notification_id
