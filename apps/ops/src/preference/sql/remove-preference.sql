DELETE FROM notification.preference
WHERE tenant_id = $1 AND user_id = $2 AND notification_type = $3 AND channel = $4;
