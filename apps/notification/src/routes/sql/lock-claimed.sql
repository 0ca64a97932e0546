-- Those that the claim still holds; nobody takes them over while they are decided about.
SELECT route_id
FROM notification.route
WHERE route_id = ANY ($1::text[]) AND lease_token = $2
FOR NO KEY UPDATE
