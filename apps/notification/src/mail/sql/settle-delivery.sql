-- Filtered by the token: a sender whose lease has passed on must not write over what its successor did.
UPDATE notification.mail_delivery
SET state = $3, reason = $4, next_attempt_at = clock_timestamp() + $5 * interval '1 millisecond',
  accepted_recipients = $6, refused_recipients = $7, smtp_code = $8, smtp_text = $9,
  ended_at = CASE WHEN $5::integer IS NULL THEN clock_timestamp() END, lease_token = NULL, updated_at = now()
WHERE delivery_id = $1 AND lease_token = $2 AND state = 'sending'
RETURNING delivery_id
