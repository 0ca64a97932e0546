DELETE FROM notification.quiet_hours WHERE user_id = $1;
