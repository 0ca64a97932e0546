SELECT id::text AS letter, failed_at, reason, kind, topic, key, event_id, attempts, deliveries, last_error, resolution
FROM outbox.dead_letter
WHERE ($1::text IS NULL OR topic = $1) AND ($2::text IS NULL OR reason = $2) AND ($3::text IS NULL OR key = $3)
  AND ($4 OR resolved_at IS NULL)
ORDER BY failed_at DESC, id DESC
LIMIT $5
