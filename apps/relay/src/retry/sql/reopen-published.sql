-- A timer's id may have been given to another one since: this one has fired and gives it up.
UPDATE outbox.retry
SET state = 'open', closed_at = NULL, next_attempt_at = clock_timestamp(), deliveries = 0, attempts = 0, timer_id = NULL
WHERE part = $1 AND topic = ANY ($2::text[]) AND state = 'published'
