INSERT INTO notification.push_delivery
  (subscription_id, event_id, body, topic, urgency, attempts, next_attempt_at, expires_at, last_error)
SELECT id, event_id, body, topic, urgency, attempts, clock_timestamp() + delay_ms * interval '1 millisecond', expires_at, error
FROM unnest(
  $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::timestamptz[], $9::text[]
) AS d (id, event_id, body, topic, urgency, attempts, delay_ms, expires_at, error)
-- The browser may have unsubscribed meanwhile.
WHERE EXISTS (SELECT 1 FROM notification.push_subscription WHERE push_subscription.id = d.id FOR KEY SHARE)
ON CONFLICT (subscription_id, event_id) DO UPDATE SET
  attempts = EXCLUDED.attempts, next_attempt_at = EXCLUDED.next_attempt_at, last_error = EXCLUDED.last_error
