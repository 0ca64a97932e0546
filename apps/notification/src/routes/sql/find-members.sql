-- What is folded into routes, and into those that they are replays of.
WITH RECURSIVE lineage AS (
  SELECT route_id AS lead_id, route_id, replay_of
  FROM notification.route
  WHERE route_id = ANY ($1::text[])
  UNION ALL
  SELECT lineage.lead_id, earlier.route_id, earlier.replay_of
  FROM lineage
  JOIN notification.route AS earlier ON earlier.route_id = lineage.replay_of
)
SELECT lineage.lead_id, member.route_id, member.notification_id, member.attempts,
  record.occurred_at, record.expires_at,
  collapse.newest_notification_id, collapse.newest_occurred_at
FROM lineage
JOIN notification.route AS member ON member.folded_into = lineage.route_id
JOIN notification.record ON record.notification_id = member.notification_id
LEFT JOIN notification.collapse
  ON collapse.tenant_id = member.tenant_id AND collapse.channel = member.channel
  AND collapse.recipient = member.recipient AND collapse.collapse_key = member.collapse_key
