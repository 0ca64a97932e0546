SELECT notification_id, fingerprint
FROM notification.record
WHERE notification_id = ANY ($1::uuid[])
