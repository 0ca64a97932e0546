-- Whoever publishes one of them meanwhile has changed its state, and it is left alone. What is folded into one is not
-- told of either: it says so by pointing here.
WITH skipped AS (
  UPDATE notification.route
  SET state = 'skipped', reason = 'operator', next_attempt_at = NULL, updated_at = now()
  WHERE route_id = ANY ($1::text[]) AND state IN ('pending', 'scheduled', 'retrying')
  RETURNING route_id, attempts
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts, 'skipped', 'operator', jsonb_build_object('by', $2::text, 'why', $3::text) FROM skipped
)
SELECT route_id FROM skipped;
