UPDATE notification.route
SET admitted_at = clock_timestamp(), updated_at = now()
WHERE route_id = ANY ($2::text[]) AND lease_token = $1
