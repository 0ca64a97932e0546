SELECT notification_id, payload::text AS payload_json
FROM notification.record
WHERE notification_id = ANY ($1::uuid[])
