WITH retried AS (
  UPDATE notification.route AS route
  SET state = 'retrying', next_attempt_at = clock_timestamp() + failed.delay_ms * interval '1 millisecond',
    last_error = failed.error, lease_token = NULL, leased_until = NULL, updated_at = now()
  FROM unnest(ARRAY(SELECT unnest($1::text[])), $2::integer[], $3::text[], $4::text[]) AS failed (route_id, delay_ms, error_class, error)
  WHERE route.route_id = failed.route_id AND route.lease_token = $5
  RETURNING route.route_id, route.attempts, route.next_attempt_at, failed.error_class, failed.error
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT route_id, attempts, 'retried', error_class, jsonb_build_object('error', error, 'next_attempt_at', next_attempt_at)
  FROM retried
)
SELECT route_id FROM retried
