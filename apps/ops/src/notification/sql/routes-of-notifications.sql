SELECT route.route_id, route.notification_id, route.channel, route.lane, route.recipient, route.state, route.reason,
  route.attempts, route.max_attempts, route.next_attempt_at, route.leased_until, route.last_error, route.folded_into,
  route.fold_key, route.admitted_at, route.replay_of, route.created_at, route.updated_at, route.published_at,
  route.stream_entry_id,
  (SELECT count(*)::integer FROM notification.route AS member WHERE member.folded_into = route.route_id) AS members,
  lead.state AS lead_state, lead.reason AS lead_reason, lead.published_at AS lead_published_at,
  lead.next_attempt_at AS lead_next_attempt_at, lead.stream_entry_id AS lead_stream_entry_id
FROM notification.route
LEFT JOIN notification.route AS lead ON lead.route_id = route.folded_into
WHERE route.notification_id = ANY ($1::uuid[])
ORDER BY route.notification_id, route.created_at, route.route_id;
