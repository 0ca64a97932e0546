-- One that a relay holds is on its way out; waiting for that relay would only tell the same later.
UPDATE outbox.retry
SET state = 'cancelled', closed_at = clock_timestamp()
WHERE topic = $1 AND timer_id = $2 AND state = 'open' AND lease_token IS NULL
RETURNING 1 AS cancelled
