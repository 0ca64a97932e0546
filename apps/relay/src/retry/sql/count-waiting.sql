SELECT kind, state, count(*)::integer AS rows
FROM outbox.retry
WHERE part = ANY ($1::smallint[]) AND closed_at IS NULL
GROUP BY kind, state
