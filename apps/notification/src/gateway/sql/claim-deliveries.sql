WITH due AS (
  SELECT subscription_id, event_id FROM notification.push_delivery
  WHERE next_attempt_at <= clock_timestamp()
  ORDER BY next_attempt_at
  LIMIT $1
  FOR UPDATE SKIP LOCKED
)
-- Who holds them puts the next attempt off; if it dies they are due again after that.
UPDATE notification.push_delivery AS delivery
SET attempts = delivery.attempts + 1, next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond'
FROM due, notification.push_subscription AS subscription
WHERE delivery.subscription_id = due.subscription_id AND delivery.event_id = due.event_id
  AND subscription.id = due.subscription_id
RETURNING subscription.id, subscription.user_id, subscription.endpoint, subscription.p256dh, subscription.auth,
  subscription.device_session_id, delivery.event_id, delivery.body, delivery.topic, delivery.urgency, delivery.attempts,
  delivery.expires_at
