-- Of a user also what everybody prefers; the more specific ones first, as they are asked.
SELECT tenant_id, user_id, notification_type, channel, enabled, digest_window_s, throttle_limit, throttle_window_s,
  created_at, updated_at
FROM notification.preference
WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR user_id IN ($2, '*'))
ORDER BY tenant_id, user_id = '*', user_id, notification_type = '*', notification_type, channel = '*', channel;
