SELECT letter.id::text AS letter, letter.failed_at, letter.route_id, letter.notification_id, letter.tenant_id,
  letter.channel, letter.recipient, letter.attempts, letter.error_class, letter.error_message,
  record.notification_type, record.subject, resolution.resolution, resolution.replayed_as
FROM notification.dead_letter AS letter
JOIN notification.record USING (notification_id)
LEFT JOIN notification.dead_letter_resolution AS resolution ON resolution.dead_letter_id = letter.id
WHERE ($1::text IS NULL OR letter.channel = $1) AND ($2::text IS NULL OR letter.error_class = $2)
  AND ($3::text IS NULL OR record.notification_type = $3) AND ($4::text IS NULL OR letter.recipient = $4)
  AND ($5::text IS NULL OR letter.tenant_id = $5) AND ($6::timestamptz IS NULL OR letter.failed_at >= $6)
  AND ($7::boolean OR resolution.dead_letter_id IS NULL)
ORDER BY letter.id DESC
LIMIT $8;
