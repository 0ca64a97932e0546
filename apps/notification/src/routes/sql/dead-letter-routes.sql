-- One statement: the route is exhausted, its letter written and the decision told, or nothing.
WITH exhausted AS (
  UPDATE notification.route AS route
  SET state = 'dead_lettered', reason = failed.error_class, last_error = failed.error,
    lease_token = NULL, leased_until = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT unnest($1::text[])), $2::text[], $3::text[]) AS failed (route_id, error_class, error)
  WHERE route.route_id = failed.route_id AND route.lease_token = $4
  RETURNING route.*
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts, 'dead_lettered', reason, jsonb_build_object('error', last_error) FROM exhausted
)
INSERT INTO notification.dead_letter
  (route_id, notification_id, tenant_id, channel, recipient, attempts, error_class, error_message)
SELECT route_id, notification_id, tenant_id, channel, recipient, attempts, reason, last_error
FROM exhausted
RETURNING route_id
