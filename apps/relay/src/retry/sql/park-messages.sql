-- A message that has a row already keeps it: the step that parked it is repeated.
INSERT INTO outbox.retry (
  kind, part, generation, xid, message_id, topic, key, event_id, tenant_id, traceparent, payload, created_at,
  next_attempt_at, first_attempt_at, last_attempt_at, attempts, last_error
)
SELECT 'parked', message.part, message.generation, message.xid, message.id, message.topic, message.key,
  message.event_id::text, message.tenant_id, message.traceparent, message.payload, message.created_at,
  clock_timestamp() + parked.wait_ms * interval '1 millisecond',
  CASE WHEN parked.attempts > 0 THEN clock_timestamp() END, CASE WHEN parked.attempts > 0 THEN clock_timestamp() END,
  parked.attempts, parked.error
FROM unnest($2::bigint[], $3::xid8[], $4::bigint[], $5::integer[], $6::double precision[], $7::text[])
  AS parked (generation, xid, id, attempts, wait_ms, error)
JOIN outbox.message AS message
  ON message.part = $1 AND message.generation = parked.generation AND message.xid = parked.xid AND message.id = parked.id
ON CONFLICT (part, generation, xid, message_id) WHERE kind = 'parked' DO NOTHING
