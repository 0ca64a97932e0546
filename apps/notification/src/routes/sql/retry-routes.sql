UPDATE notification.route AS route
SET state = 'retrying', next_attempt_at = clock_timestamp() + failed.delay_ms * interval '1 millisecond',
  last_error = failed.error, lease_token = NULL, leased_until = NULL, updated_at = now()
FROM unnest($1::text[], $2::integer[], $3::text[]) AS failed (route_id, delay_ms, error)
WHERE route.route_id = failed.route_id AND route.lease_token = $4
RETURNING route.route_id
