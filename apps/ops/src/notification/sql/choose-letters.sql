-- Unresolved ones only, oldest first: the order in which they were given up, and go out again. What wants to be told
-- together later does not expire while it waits.
SELECT letter.id::text AS letter, letter.failed_at, letter.route_id, letter.notification_id, letter.tenant_id,
  letter.channel, letter.recipient, letter.attempts, letter.error_class, letter.error_message,
  record.notification_type, record.subject, record.occurred_at, record.expires_at,
  EXISTS (SELECT FROM notification.route AS member WHERE member.folded_into = letter.route_id) AS has_members
FROM notification.dead_letter AS letter
JOIN notification.record USING (notification_id)
JOIN notification.route USING (route_id)
LEFT JOIN notification.dead_letter_resolution AS resolution ON resolution.dead_letter_id = letter.id
WHERE resolution.dead_letter_id IS NULL AND route.state = 'dead_lettered'
  AND ($1::bigint IS NULL OR letter.id = $1) AND ($2::text IS NULL OR letter.channel = $2)
  AND ($3::text IS NULL OR letter.error_class = $3) AND ($4::text IS NULL OR record.notification_type = $4)
  AND ($5::text IS NULL OR letter.recipient = $5) AND ($6::text IS NULL OR letter.tenant_id = $6)
  AND ($7::timestamptz IS NULL OR letter.failed_at >= $7)
ORDER BY letter.failed_at, letter.id
LIMIT $8;
