UPDATE notification.allowance
SET window_starts_at = to_timestamp(spent.window_start_ms / 1000.0), used = spent.used
FROM unnest($2::text[], $3::text[], $4::float8[], $5::integer[])
  AS spent (recipient, notification_type, window_start_ms, used)
WHERE allowance.channel = $1 AND allowance.recipient = spent.recipient
  AND allowance.notification_type = spent.notification_type
