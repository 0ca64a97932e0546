SELECT id::text AS id, recorded_at, stream_entry_id, code, message, producer, notification_type,
  raw_fields ->> 'idempotency_key' AS idempotency_key
FROM notification.malformed_intent
WHERE raw_fields ->> 'idempotency_key' = ANY ($1::text[]) OR event_id = ANY ($2::text[])
ORDER BY malformed_intent.id;
