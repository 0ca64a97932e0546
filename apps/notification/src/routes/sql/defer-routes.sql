-- Put off: as if it had not been tried.
WITH deferred AS (
  UPDATE notification.route AS route
  SET state = 'scheduled', reason = put_off.reason, attempts = route.attempts - 1,
    next_attempt_at = to_timestamp(put_off.until_ms / 1000.0),
    lease_token = NULL, leased_until = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT unnest($1::text[])), $2::text[], $3::float8[], $4::jsonb[]) AS put_off (route_id, reason, until_ms, detail)
  WHERE route.route_id = put_off.route_id AND route.lease_token = $5
  RETURNING route.route_id, route.attempts, route.reason, put_off.detail
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts + 1, 'deferred', reason, detail FROM deferred
)
SELECT route_id FROM deferred
