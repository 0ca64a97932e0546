-- Counted up to a bound: a person needs to know that there are many, and counting all of a backlog takes long.
SELECT (SELECT count(*)::integer FROM (SELECT FROM notification.record WHERE state = 'waiting' LIMIT 100000) AS bounded) AS records,
  coalesce(extract(epoch FROM clock_timestamp() -
    (SELECT min(accepted_at) FROM notification.record WHERE state = 'waiting')) * 1000, 0)::float8 AS oldest_age_ms
