SELECT route.route_id, route.notification_id, route.tenant_id, record.notification_type, record.producer,
  record.idempotency_key, record.subject, record.occurred_at, record.expires_at, record.accepted_at,
  route.channel, route.lane, route.recipient, route.address, route.locale, route.timezone, route.units,
  route.state, route.reason, route.attempts, route.max_attempts, route.next_attempt_at, route.leased_until,
  route.last_error, route.collapse_key, route.fold_key, route.folded_into, route.admitted_at, route.replay_of,
  route.created_at, route.updated_at, route.published_at, route.stream_entry_id,
  (SELECT count(*)::integer FROM notification.route AS member WHERE member.folded_into = route.route_id) AS members
FROM notification.route
JOIN notification.record USING (notification_id)
WHERE route.route_id = $1;
