SELECT count(*)::integer AS depth,
  coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(next_attempt_at, leased_until))) * 1000, 0)::float8 AS oldest_age_ms
FROM notification.route
WHERE state IN ('pending', 'scheduled', 'retrying', 'publishing')
