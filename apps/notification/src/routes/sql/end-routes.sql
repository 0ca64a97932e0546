-- Settled without publishing. The decision has the name of the state that it leads to.
WITH ended AS (
  UPDATE notification.route AS route
  SET state = verdict.state, reason = verdict.reason, lease_token = NULL, leased_until = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT unnest($1::text[])), $2::text[], $3::text[], $4::jsonb[]) AS verdict (route_id, state, reason, detail)
  WHERE route.route_id = verdict.route_id AND route.lease_token = $5
  RETURNING route.route_id, route.attempts, route.state, route.reason, verdict.detail
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts, state, reason, detail FROM ended
)
SELECT route_id FROM ended
