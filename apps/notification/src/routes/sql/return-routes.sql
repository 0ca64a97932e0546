-- An outage of the sink is not the routes' failure: they go back with their attempt. The next holder takes them for in
-- doubt, as a call that nobody knows the end of may still be under way.
WITH returned AS (
  UPDATE notification.route
  SET state = 'retrying', attempts = attempts - 1,
    next_attempt_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $5,
    lease_token = NULL, leased_until = NULL, updated_at = now()
  WHERE route_id = ANY (ARRAY(SELECT unnest($1::text[]))) AND lease_token = $2
  RETURNING route_id, attempts
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts + 1, 'returned', $4, jsonb_build_object('error', $5::text)
  FROM returned
)
SELECT route_id FROM returned
