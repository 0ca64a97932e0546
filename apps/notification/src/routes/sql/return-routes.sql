-- An outage of the sink is not the routes' failure: they go back as they came, with their attempt.
UPDATE notification.route
SET state = CASE WHEN attempts > 1 THEN 'retrying' ELSE 'pending' END, attempts = attempts - 1,
  next_attempt_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $4,
  lease_token = NULL, leased_until = NULL, updated_at = now()
WHERE route_id = ANY ($1::text[]) AND lease_token = $2
