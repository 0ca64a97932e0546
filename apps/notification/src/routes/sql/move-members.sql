-- A lead that becomes a member itself takes its members along.
WITH moved AS (
  UPDATE notification.route AS member
  SET folded_into = move.to_route_id, updated_at = now()
  FROM unnest($1::text[], $2::text[]) AS move (from_route_id, to_route_id)
  WHERE member.folded_into = move.from_route_id
  RETURNING member.route_id, member.attempts, member.reason, move.from_route_id, move.to_route_id
)
INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
SELECT route_id, attempts, 'folded', reason,
  jsonb_build_object('folded_into', to_route_id, 'moved_from', from_route_id)
FROM moved
