SELECT letter.id::text AS letter, letter.failed_at, letter.route_id, letter.notification_id, letter.tenant_id,
  letter.channel, letter.recipient, letter.attempts, letter.error_class, letter.error_message,
  record.notification_type, record.subject, record.occurred_at, resolution.resolution, resolution.replayed_as,
  resolution.resolved_by, resolution.resolved_at, resolution.reason AS why_resolved, replayed.state AS replayed_state,
  route.replay_of
FROM notification.dead_letter AS letter
JOIN notification.record USING (notification_id)
JOIN notification.route USING (route_id)
LEFT JOIN notification.dead_letter_resolution AS resolution ON resolution.dead_letter_id = letter.id
LEFT JOIN notification.route AS replayed ON replayed.route_id = resolution.replayed_as
WHERE letter.id = $1::bigint;
