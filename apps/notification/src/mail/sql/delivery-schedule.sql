-- The oldest by when it was to go out: one that rests after a refusal is not late.
SELECT count(*)::integer AS depth,
  coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)) * 1000, 0)::float8 AS oldest_age_ms
FROM notification.mail_delivery
WHERE state IN ('pending', 'sending', 'retrying')
