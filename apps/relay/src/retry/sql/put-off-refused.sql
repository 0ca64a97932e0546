UPDATE outbox.retry AS row
SET next_attempt_at = clock_timestamp() + refused.wait_ms * interval '1 millisecond', attempts = row.attempts + 1,
  first_attempt_at = coalesce(row.first_attempt_at, clock_timestamp()), last_attempt_at = clock_timestamp(),
  last_error = refused.error, lease_token = NULL, leased_at = NULL
FROM unnest($2::bigint[], $3::double precision[], $4::text[]) AS refused (id, wait_ms, error)
WHERE row.id = refused.id AND row.lease_token = $1
RETURNING row.id
