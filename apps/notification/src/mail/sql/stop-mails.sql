INSERT INTO notification.preference (tenant_id, user_id, notification_type, channel, enabled)
VALUES ($1, $2, $3, 'email', false)
ON CONFLICT (tenant_id, user_id, notification_type, channel) DO UPDATE SET enabled = false, updated_at = now()
