-- Whoever publishes one of them meanwhile has changed its state, and it is left alone.
WITH hurried AS (
  UPDATE notification.route
  SET next_attempt_at = clock_timestamp(), updated_at = now()
  WHERE route_id = ANY ($1::text[]) AND state IN ('pending', 'scheduled', 'retrying')
  RETURNING route_id, attempts, state, reason
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts, 'retried', 'operator',
    jsonb_strip_nulls(jsonb_build_object('by', $2::text, 'why', $3::text, 'was', coalesce(reason, state)))
  FROM hurried
)
SELECT route_id FROM hurried;
