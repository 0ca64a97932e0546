-- Due ones and those whose sender went silent, urgent ones first. The attempt counts now: a sender that dies on a mail
-- each time must run out of attempts as well.
WITH due AS (
  SELECT delivery_id
  FROM notification.mail_delivery
  WHERE state IN ('pending', 'sending', 'retrying') AND next_attempt_at <= clock_timestamp()
  ORDER BY urgent DESC, next_attempt_at
  LIMIT $1
  FOR UPDATE SKIP LOCKED
)
UPDATE notification.mail_delivery AS delivery
SET state = 'sending', lease_token = $2, next_attempt_at = clock_timestamp() + $3 * interval '1 millisecond',
  attempts = attempts + 1, updated_at = now()
FROM due
WHERE delivery.delivery_id = due.delivery_id
RETURNING delivery.delivery_id, delivery.payload_mode, delivery.payload_json, delivery.urgent, delivery.attempts,
  delivery.accepted_recipients, delivery.refused_recipients, delivery.message_id, delivery.requested_at,
  delivery.expires_at, delivery.accepted_at
