-- The lock makes a claim pass a lead by while it gets another member; one that a claim has taken before is none any more.
SELECT fold_key, route_id
FROM notification.route
WHERE fold_key = ANY ($1::text[]) AND state = 'scheduled'
FOR NO KEY UPDATE
