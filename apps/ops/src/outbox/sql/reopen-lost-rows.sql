-- What the retry lane published into a stream that has lost its tail goes out once more; what Redis still remembers of
-- its event ids keeps it from doubling. A timer's id may have been given to another one since.
UPDATE outbox.retry
SET state = 'open', closed_at = NULL, next_attempt_at = clock_timestamp(), deliveries = 0, attempts = 0, timer_id = NULL
FROM unnest($1::smallint[], $2::text[]) AS lost (part, topic)
WHERE retry.part = lost.part AND retry.topic = lost.topic AND retry.state = 'published'
