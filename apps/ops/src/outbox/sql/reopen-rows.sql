-- A new life: the budgets of attempts, deliveries and time begin again, and the letter says what became of it.
WITH reopened AS (
  UPDATE outbox.retry
  SET state = 'open', attempts = 0, deliveries = 0, first_attempt_at = NULL, next_attempt_at = clock_timestamp(),
    lease_token = NULL, leased_at = NULL
  WHERE id = ANY ($1::bigint[]) AND closed_at IS NULL
  RETURNING id
), letter AS (
  UPDATE outbox.dead_letter
  SET resolved_at = clock_timestamp(), resolution = 'replayed'
  WHERE retry_id = ANY ($1::bigint[]) AND resolved_at IS NULL
)
SELECT count(*)::integer AS rows FROM reopened
