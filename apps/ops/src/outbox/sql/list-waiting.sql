-- Looks and takes no lease. A parked row stands behind another where an earlier one of its key is not done.
(
  SELECT 'log' AS lane, NULL AS row_id, message.event_id::text AS event_id, message.topic, message.key,
    'message' AS kind, 'waiting' AS state, message.created_at, NULL::timestamptz AS next_attempt_at,
    0 AS attempts, 0 AS deliveries, NULL AS last_error
  FROM outbox.cursor AS cursor
  CROSS JOIN LATERAL (
    SELECT candidate.*
    FROM outbox.message AS candidate
    WHERE candidate.part = cursor.part
      AND (candidate.generation, candidate.xid, candidate.id) > (cursor.generation, cursor.xid, cursor.id)
      AND ($1::text IS NULL OR candidate.topic = $1) AND ($2::text IS NULL OR candidate.key = $2)
      AND NOT EXISTS (
        SELECT FROM outbox.retry
        WHERE retry.kind = 'parked' AND retry.part = candidate.part AND retry.generation = candidate.generation
          AND retry.xid = candidate.xid AND retry.message_id = candidate.id)
    ORDER BY candidate.generation, candidate.xid, candidate.id
    LIMIT $4
  ) AS message
  WHERE $3::text IS NULL
)
UNION ALL
(
  SELECT 'retry', retry.id::text, retry.event_id, retry.topic, retry.key, retry.kind,
    CASE
      WHEN retry.state = 'dead' THEN 'dead'
      WHEN retry.lease_token IS NOT NULL THEN 'leased'
      WHEN retry.kind = 'parked' AND EXISTS (
        SELECT FROM outbox.retry AS earlier
        WHERE earlier.kind = 'parked' AND earlier.closed_at IS NULL
          AND earlier.part = retry.part AND earlier.key = retry.key
          AND (earlier.generation, earlier.xid, earlier.message_id) < (retry.generation, retry.xid, retry.message_id)
      ) THEN 'behind'
      WHEN retry.next_attempt_at <= clock_timestamp() THEN 'due'
      ELSE 'later'
    END,
    retry.created_at, retry.next_attempt_at, retry.attempts, retry.deliveries, retry.last_error
  FROM outbox.retry AS retry
  WHERE retry.closed_at IS NULL
    AND ($1::text IS NULL OR retry.topic = $1) AND ($2::text IS NULL OR retry.key = $2)
    AND ($3::text IS NULL OR retry.kind = $3)
  ORDER BY retry.created_at, retry.id
  LIMIT $4
)
ORDER BY created_at, row_id
LIMIT $4
