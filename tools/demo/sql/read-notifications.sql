SELECT notification_id, producer, idempotency_key, recipient_user_ids, notification_type
FROM notification.record
WHERE payload ->> 'imei' = ANY ($1::text[]) AND accepted_at >= $2
