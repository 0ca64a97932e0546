-- What stands behind it of the same key goes on without it.
WITH skipped AS (
  UPDATE outbox.retry
  SET state = 'skipped', closed_at = clock_timestamp(), lease_token = NULL, leased_at = NULL
  WHERE id = ANY ($1::bigint[]) AND closed_at IS NULL
  RETURNING id
), letter AS (
  UPDATE outbox.dead_letter
  SET resolved_at = clock_timestamp(), resolution = 'skipped'
  WHERE retry_id = ANY ($1::bigint[]) AND resolved_at IS NULL
)
SELECT count(*)::integer AS rows FROM skipped
