SELECT id, user_id, endpoint, p256dh, auth, device_session_id
FROM notification.push_subscription
WHERE user_id = ANY ($1::text[])
ORDER BY id
