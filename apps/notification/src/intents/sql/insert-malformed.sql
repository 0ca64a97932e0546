INSERT INTO notification.malformed_intent
  (stream_entry_id, fields_digest, code, message, producer, notification_type, raw_fields, event_id)
SELECT *
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[])
ON CONFLICT ON CONSTRAINT malformed_intent_uq DO NOTHING
