-- By its number, or by its entry: of two entries with one id, which a rebuilt Redis hands out again, the newer.
SELECT id::text AS id, recorded_at, stream_entry_id, code, notification_type, producer,
  raw_fields ->> 'idempotency_key' AS idempotency_key, message, raw_fields
FROM notification.malformed_intent
WHERE id = $1::bigint OR stream_entry_id = $2
ORDER BY malformed_intent.id DESC
LIMIT 1;
