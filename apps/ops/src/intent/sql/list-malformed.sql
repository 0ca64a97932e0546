SELECT id::text AS id, recorded_at, stream_entry_id, code, notification_type, producer,
  raw_fields ->> 'idempotency_key' AS idempotency_key, message
FROM notification.malformed_intent
WHERE ($1::text IS NULL OR code = $1) AND ($2::text IS NULL OR producer = $2)
  AND ($3::text IS NULL OR notification_type = $3) AND ($4::timestamptz IS NULL OR recorded_at >= $4)
ORDER BY malformed_intent.id DESC
LIMIT $5;
