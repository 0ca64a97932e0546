SELECT route.route_id, route.notification_id, route.tenant_id, record.notification_type, record.subject, route.channel,
  route.lane, route.recipient, route.state, route.reason, route.attempts, route.max_attempts, route.next_attempt_at,
  route.leased_until, route.published_at, route.folded_into, route.last_error, record.accepted_at,
  (SELECT count(*)::integer FROM notification.route AS member WHERE member.folded_into = route.route_id) AS members
FROM notification.record
JOIN notification.route USING (notification_id)
WHERE ($1::text[] IS NULL OR route.state = ANY ($1)) AND ($2::text IS NULL OR route.channel = $2)
  AND ($3::text IS NULL OR route.recipient = $3) AND ($4::text IS NULL OR record.notification_type = $4)
  AND ($5::text IS NULL OR record.subject = $5) AND ($6::text IS NULL OR route.tenant_id = $6)
  AND ($7::timestamptz IS NULL OR record.accepted_at >= $7) AND ($8::text IS NULL OR route.route_id = $8)
ORDER BY record.accepted_at DESC, record.notification_id DESC, route.route_id
LIMIT $9;
