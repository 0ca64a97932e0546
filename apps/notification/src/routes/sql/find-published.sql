-- Published routes that the sink should still remember and that are still worth telling, oldest first, behind a place.
SELECT route.route_id, route.published_at::text AS published_at
FROM notification.route AS route
JOIN notification.record AS record ON record.notification_id = route.notification_id
WHERE route.channel = $1 AND route.state = 'published'
  AND route.published_at > now() - $2 * interval '1 millisecond'
  AND (route.published_at, route.route_id) > ($3::timestamptz, $4)
  AND (record.expires_at IS NULL OR record.expires_at > now())
ORDER BY route.published_at, route.route_id
LIMIT $5
