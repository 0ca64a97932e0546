-- A new lineage: a route of its own beside the dead one, which stays as it is, like its letter. Digest, gathering and
-- throttle have let the dead one through and are not asked again. One after the other, so that a replay takes its share
-- of the streams and no more.
WITH asked AS (
  SELECT letter.id, letter.route_id, again.route_id AS new_route_id, again.place
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS again (letter_id, route_id, place)
  JOIN notification.dead_letter AS letter ON letter.id = again.letter_id
), replayed AS (
  INSERT INTO notification.route
    (route_id, notification_id, tenant_id, channel, recipient, address, locale, timezone, units, lane, collapse_key,
     fold_key, admitted_at, state, max_attempts, next_attempt_at, replay_of)
  SELECT asked.new_route_id, route.notification_id, route.tenant_id, route.channel, route.recipient, route.address,
    route.locale, route.timezone, route.units, route.lane, route.collapse_key, route.fold_key,
    coalesce(route.admitted_at, statement_timestamp()), 'pending', route.max_attempts,
    statement_timestamp() + (asked.place - 1) * interval '1 second' / $3::integer, route.route_id
  FROM asked
  JOIN notification.route USING (route_id)
  RETURNING route_id, replay_of
), resolved AS (
  INSERT INTO notification.dead_letter_resolution (dead_letter_id, resolution, replayed_as, resolved_by, reason)
  SELECT asked.id, 'replayed', asked.new_route_id, $4::text, $5::text FROM asked
), decision AS (
  INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
  SELECT asked.new_route_id, 0, 'replayed', 'operator', jsonb_strip_nulls(jsonb_build_object(
    'letter', asked.id::text, 'replay_of', asked.route_id, 'by', $4::text, 'why', $5::text))
  FROM asked
)
SELECT route_id, replay_of FROM replayed;
