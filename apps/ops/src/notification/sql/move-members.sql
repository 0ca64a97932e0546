-- What was to be told together with a dead route is told together with its replay.
WITH moved AS (
  UPDATE notification.route AS member
  SET folded_into = replay.to_route_id, updated_at = now()
  FROM unnest($1::text[], $2::text[]) AS replay (from_route_id, to_route_id)
  WHERE member.folded_into = replay.from_route_id
  RETURNING member.route_id, member.attempts, member.reason, replay.from_route_id, replay.to_route_id
)
INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
SELECT route_id, attempts, 'folded', reason, jsonb_build_object('folded_into', to_route_id, 'moved_from', from_route_id)
FROM moved;
