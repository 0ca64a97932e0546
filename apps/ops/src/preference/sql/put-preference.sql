INSERT INTO notification.preference
  (tenant_id, user_id, notification_type, channel, enabled, digest_window_s, throttle_limit, throttle_window_s)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, user_id, notification_type, channel) DO UPDATE
SET enabled = excluded.enabled, digest_window_s = excluded.digest_window_s, throttle_limit = excluded.throttle_limit,
    throttle_window_s = excluded.throttle_window_s, updated_at = clock_timestamp()
RETURNING tenant_id, user_id, notification_type, channel, enabled, digest_window_s, throttle_limit, throttle_window_s,
  created_at, updated_at;
