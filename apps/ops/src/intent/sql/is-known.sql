-- Taken in already, or on its way through the outbox; a relay would publish the second one as a repeat of the first.
SELECT 'accepted already' AS state FROM notification.record WHERE notification_id = $1::uuid
UNION ALL
SELECT 'sent already' FROM outbox.message WHERE part = $3::smallint AND event_id = $2::uuid
LIMIT 1;
