DELETE FROM notification.mail_delivery
WHERE delivery_id IN (
  SELECT delivery_id
  FROM notification.mail_delivery
  WHERE ended_at < clock_timestamp() - $1 * interval '1 millisecond'
  ORDER BY ended_at
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
RETURNING delivery_id
