-- Per topic what stands behind the cursors and is not parked, and what the retry lane holds. Only that is read: what was
-- published lies in front of the cursors or is closed.
WITH behind AS (
  SELECT message.topic, count(*)::integer AS messages, min(message.created_at) AS oldest
  FROM outbox.cursor AS cursor
  CROSS JOIN LATERAL (
    SELECT candidate.topic, candidate.created_at
    FROM outbox.message AS candidate
    WHERE candidate.part = cursor.part
      AND (candidate.generation, candidate.xid, candidate.id) > (cursor.generation, cursor.xid, cursor.id)
      AND NOT EXISTS (
        SELECT FROM outbox.retry
        WHERE retry.kind = 'parked' AND retry.part = candidate.part AND retry.generation = candidate.generation
          AND retry.xid = candidate.xid AND retry.message_id = candidate.id)
  ) AS message
  GROUP BY message.topic
), held AS (
  SELECT topic,
    count(*) FILTER (WHERE kind = 'parked' AND state = 'open')::integer AS parked,
    count(DISTINCT key) FILTER (WHERE kind = 'parked')::integer AS parked_keys,
    count(*) FILTER (WHERE kind = 'timer' AND state = 'open')::integer AS timers,
    count(*) FILTER (WHERE kind = 'replay' AND state = 'open')::integer AS replays,
    count(*) FILTER (WHERE state = 'dead')::integer AS dead,
    count(*) FILTER (WHERE lease_token IS NOT NULL)::integer AS leased,
    -- What stands behind a row of its key is not late: that one is.
    min(next_attempt_at) FILTER (WHERE state = 'open' AND next_attempt_at <= clock_timestamp() AND NOT EXISTS (
      SELECT FROM outbox.retry AS earlier
      WHERE earlier.kind = 'parked' AND earlier.closed_at IS NULL AND earlier.part = retry.part AND earlier.key = retry.key
        AND (retry.kind <> 'parked' OR (earlier.generation, earlier.xid, earlier.message_id)
          < (retry.generation, retry.xid, retry.message_id))
    )) AS oldest_due
  FROM outbox.retry AS retry
  WHERE closed_at IS NULL
  GROUP BY topic
)
SELECT topic.name AS topic, pause.topic IS NOT NULL AS paused, coalesce(behind.messages, 0) AS waiting,
  extract(epoch FROM clock_timestamp() - behind.oldest)::float8 * 1000 AS oldest_waiting_ms,
  coalesce(held.parked, 0) AS parked, coalesce(held.parked_keys, 0) AS parked_keys, coalesce(held.dead, 0) AS dead,
  coalesce(held.timers, 0) AS timers, coalesce(held.replays, 0) AS replays, coalesce(held.leased, 0) AS leased,
  extract(epoch FROM clock_timestamp() - held.oldest_due)::float8 * 1000 AS oldest_due_ms
FROM unnest($1::text[]) WITH ORDINALITY AS topic (name, position)
LEFT JOIN behind ON behind.topic = topic.name
LEFT JOIN held ON held.topic = topic.name
LEFT JOIN outbox.pause AS pause ON pause.topic = topic.name
ORDER BY topic.position
