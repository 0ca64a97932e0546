-- To be published again under the same id, with the attempt that was lost.
WITH lost AS (
  SELECT route_id, stream_entry_id, published_at
  FROM notification.route
  WHERE route_id = ANY (ARRAY(SELECT unnest($1::text[]))) AND state = 'published'
  FOR UPDATE
), reopened AS (
  UPDATE notification.route AS route
  SET state = 'retrying', attempts = route.attempts - 1, next_attempt_at = clock_timestamp(), last_error = $2,
    published_at = NULL, stream_entry_id = NULL, updated_at = now()
  FROM lost
  WHERE route.route_id = lost.route_id
  RETURNING route.route_id, route.attempts, lost.stream_entry_id, lost.published_at
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts + 1, 'republished', 'sink_lost',
    jsonb_build_object('entry_id', stream_entry_id, 'published_at', published_at)
  FROM reopened
)
SELECT route_id FROM reopened
