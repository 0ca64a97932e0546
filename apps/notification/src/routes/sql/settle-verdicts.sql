-- Given back or settled without publishing. What was put off was not tried: it spends no attempt.
UPDATE notification.route AS route
SET state = verdict.state, reason = verdict.reason, next_attempt_at = to_timestamp(verdict.due_ms / 1000.0),
  attempts = route.attempts - CASE verdict.state WHEN 'scheduled' THEN 1 ELSE 0 END,
  fold_key = coalesce(verdict.fold_key, route.fold_key), folded_into = verdict.folded_into,
  admitted_at = coalesce(to_timestamp(verdict.admitted_ms / 1000.0), route.admitted_at),
  lease_token = NULL, leased_until = NULL, updated_at = now()
FROM unnest($2::text[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::text[], $8::float8[])
  AS verdict (route_id, state, reason, due_ms, fold_key, folded_into, admitted_ms)
WHERE route.route_id = verdict.route_id AND route.lease_token = $1
