-- Filtered by the token: a holder whose lease has passed on must not write over what its successor did.
UPDATE notification.route AS route
SET state = 'published', published_at = clock_timestamp(), stream_entry_id = done.entry_id,
  lease_token = NULL, leased_until = NULL, updated_at = now()
FROM unnest($1::text[], $2::text[]) AS done (route_id, entry_id)
WHERE route.route_id = done.route_id AND route.lease_token = $3
RETURNING route.route_id
