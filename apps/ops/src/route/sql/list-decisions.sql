SELECT route_id, attempt, decision, reason, detail, decided_at
FROM notification.route_decision
WHERE route_id = ANY ($1::text[])
ORDER BY route_decision.id;
