-- No index holds these: asked only where nothing else knows the id.
SELECT notification_id
FROM notification.record
WHERE event_id = $1 OR payload ->> 'event_id' = $1 OR idempotency_key = $1
ORDER BY accepted_at
LIMIT 20;
