-- Nothing was tried with them, so the claim does not count.
UPDATE outbox.retry
SET lease_token = NULL, leased_at = NULL, deliveries = deliveries - 1
WHERE id = ANY ($2::bigint[]) AND lease_token = $1
RETURNING id
