-- What is not worth telling any more when its message goes out.
UPDATE notification.route AS member
SET state = verdict.state, reason = verdict.reason, folded_into = NULL, updated_at = now()
FROM unnest($1::text[], $2::text[], $3::text[]) AS verdict (route_id, state, reason)
WHERE member.route_id = verdict.route_id AND member.folded_into IS NOT NULL
