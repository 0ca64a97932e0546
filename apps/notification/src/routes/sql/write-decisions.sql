INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
SELECT *
FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::jsonb[])
