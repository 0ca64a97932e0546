UPDATE outbox.retry
SET state = 'published', closed_at = clock_timestamp(), lease_token = NULL, leased_at = NULL,
  first_attempt_at = coalesce(first_attempt_at, clock_timestamp()), last_attempt_at = clock_timestamp()
WHERE id = ANY ($2::bigint[]) AND lease_token = $1
RETURNING id
