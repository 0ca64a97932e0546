-- One statement: the row is dead and its letter exists, or neither. The row stays and holds its key.
WITH given_up AS (
  UPDATE outbox.retry AS row
  SET state = 'dead', attempts = row.attempts + failed.attempts, last_error = coalesce(failed.error, row.last_error),
    first_attempt_at = CASE WHEN failed.attempts > 0 THEN coalesce(row.first_attempt_at, clock_timestamp()) ELSE row.first_attempt_at END,
    last_attempt_at = CASE WHEN failed.attempts > 0 THEN clock_timestamp() ELSE row.last_attempt_at END,
    lease_token = NULL, leased_at = NULL
  FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::text[]) AS failed (id, reason, attempts, error)
  WHERE row.id = failed.id AND row.lease_token = $1
  RETURNING row.*, failed.reason
)
INSERT INTO outbox.dead_letter (
  reason, retry_id, kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, created_at, deliveries,
  attempts, last_error
)
SELECT reason, id, kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, created_at, deliveries,
  attempts, last_error
FROM given_up
RETURNING retry_id AS id
