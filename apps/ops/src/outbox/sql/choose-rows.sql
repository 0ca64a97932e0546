-- By row, or by event: of one event there may be a parked message and its replays. Waits for a claim under way, so that
-- what is told about a lease is true.
SELECT id::text AS row_id, kind, state, topic, key, event_id, attempts, deliveries, last_error, next_attempt_at,
  lease_token IS NOT NULL AS leased, clock_timestamp() - leased_at > $3::bigint * interval '1 millisecond' AS abandoned
FROM outbox.retry
WHERE closed_at IS NULL AND (id = $1::bigint OR event_id = $2::text)
ORDER BY id
FOR UPDATE
