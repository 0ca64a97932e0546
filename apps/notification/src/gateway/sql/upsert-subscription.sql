INSERT INTO notification.push_subscription (tenant_id, user_id, endpoint, p256dh, auth, device_session_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (endpoint) DO UPDATE SET
  tenant_id = EXCLUDED.tenant_id,
  user_id = EXCLUDED.user_id,
  p256dh = EXCLUDED.p256dh,
  auth = EXCLUDED.auth,
  device_session_id = EXCLUDED.device_session_id,
  failures = 0,
  last_error = NULL,
  updated_at = clock_timestamp()
