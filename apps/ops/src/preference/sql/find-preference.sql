SELECT tenant_id, user_id, notification_type, channel, enabled, digest_window_s, throttle_limit, throttle_window_s,
  created_at, updated_at
FROM notification.preference
WHERE tenant_id = $1 AND user_id = $2 AND notification_type = $3 AND channel = $4;
