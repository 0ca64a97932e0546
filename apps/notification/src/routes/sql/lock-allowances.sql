SELECT recipient, notification_type, window_starts_at, used
FROM notification.allowance
WHERE channel = $1 AND (recipient, notification_type) IN (SELECT * FROM unnest($2::text[], $3::text[]))
ORDER BY recipient, notification_type
FOR UPDATE
