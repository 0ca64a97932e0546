-- What nobody has resolved holds its key still and is left.
WITH purged AS (
  DELETE FROM outbox.dead_letter
  WHERE resolved_at IS NOT NULL AND failed_at < $1
  RETURNING failed_at
)
SELECT count(*)::integer AS letters, min(failed_at) AS first, max(failed_at) AS last FROM purged
