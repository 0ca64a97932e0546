DELETE FROM notification.push_subscription WHERE user_id = $1 AND endpoint = $2 RETURNING id
