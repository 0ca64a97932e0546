-- Unresolved ones only, oldest first: the order in which their messages were given up. What is to live again has to be
-- dead still.
SELECT id::text AS letter, retry_id::text AS row_id, failed_at, reason, kind, topic, key, event_id, attempts, last_error
FROM outbox.dead_letter
WHERE resolved_at IS NULL
  AND ($1::bigint IS NULL OR id = $1) AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR reason = $3)
  AND ($4::text IS NULL OR key = $4)
  AND (NOT $6::boolean OR EXISTS (SELECT FROM outbox.retry WHERE retry.id = retry_id AND retry.state = 'dead'))
ORDER BY failed_at, id
LIMIT $5
FOR UPDATE
