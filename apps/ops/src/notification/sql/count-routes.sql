-- Whatever is open, by the indexes of what is due and leased; of what is settled that of notifications accepted lately.
SELECT channel, lane, state, reason, count(*)::integer AS routes, min(created_at) AS oldest,
  count(*) FILTER (WHERE next_attempt_at <= clock_timestamp() OR leased_until < clock_timestamp())::integer AS due,
  min(coalesce(next_attempt_at, leased_until)) AS next_at
FROM (
  SELECT channel, lane, state, CASE WHEN state = 'scheduled' THEN reason END AS reason, created_at, next_attempt_at,
    leased_until
  FROM notification.route
  WHERE state IN ('pending', 'scheduled', 'retrying')
  UNION ALL
  SELECT channel, lane, state, NULL, created_at, next_attempt_at, leased_until
  FROM notification.route
  WHERE state = 'publishing'
  UNION ALL
  SELECT route.channel, route.lane, route.state, route.reason, route.created_at, NULL, NULL
  FROM notification.record
  JOIN notification.route USING (notification_id)
  WHERE record.accepted_at >= $1 AND route.state IN ('published', 'skipped', 'superseded', 'expired', 'dead_lettered')
) AS route
GROUP BY channel, lane, state, reason
ORDER BY channel, lane, state, reason;
