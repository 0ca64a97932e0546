DELETE FROM notification.push_subscription WHERE id = ANY ($1::bigint[])
