-- Due routes and those whose holder went silent, under one token. The attempt counts now: a publisher that dies on a
-- route each time must run out of attempts as well. Each branch names the predicate of its partial index.
WITH due AS (
  SELECT route_id
  FROM notification.route
  WHERE channel = $1
    AND (
      (state IN ('pending', 'retrying') AND next_attempt_at <= clock_timestamp())
      OR (state = 'publishing' AND leased_until < clock_timestamp())
    )
  ORDER BY coalesce(next_attempt_at, leased_until), created_at
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
UPDATE notification.route AS route
SET state = 'publishing', lease_token = $3, leased_until = clock_timestamp() + $4 * interval '1 millisecond',
  attempts = route.attempts + 1, next_attempt_at = NULL, updated_at = now()
FROM due, notification.record AS record
WHERE route.route_id = due.route_id AND record.notification_id = route.notification_id
RETURNING route.route_id, route.notification_id, route.channel, route.recipient, route.address, route.locale,
  route.attempts, route.max_attempts, record.notification_type, record.idempotency_key,
  record.payload::text AS payload_json, record.request_id, record.trace_id, record.traceparent,
  record.occurred_at, record.expires_at, record.accepted_at
