-- Out of what is kept and was published: messages at or below their part's cursor whose row in the retry lane, if they
-- have one, is published; and timers that were. What still waits is published anyway; what an operator skipped comes
-- back by its id alone. Rows are due one after the other, so that a replay takes its share of the streams and no more.
-- As new, both ids that consumers know it by are others; a payload that is none stays as it is, for the relay to refuse.
WITH chosen AS MATERIALIZED (
  SELECT source.*, row_number() OVER (ORDER BY source.created_at, source.generation, source.xid, source.id) AS place
  FROM (
    SELECT message.part, message.topic, message.key, message.event_id::text AS event_id, message.tenant_id,
      message.traceparent, message.payload, message.created_at, message.generation, message.xid, message.id
    FROM outbox.message
    JOIN outbox.cursor USING (part)
    WHERE (message.generation, message.xid, message.id) <= (cursor.generation, cursor.xid, cursor.id)
      AND NOT EXISTS (
        SELECT FROM outbox.retry
        WHERE retry.kind = 'parked' AND retry.part = message.part AND retry.generation = message.generation
          AND retry.xid = message.xid AND retry.message_id = message.id
          AND (retry.closed_at IS NULL OR retry.state <> 'published' AND $1::uuid IS NULL))
      AND ($1::uuid IS NULL OR message.event_id = $1) AND ($2::text IS NULL OR message.key = $2)
      AND ($3::smallint IS NULL OR message.part = $3) AND ($4::text IS NULL OR message.topic = $4)
      AND ($5::timestamptz IS NULL OR message.created_at >= $5)
      AND ($6::timestamptz IS NULL OR message.created_at < $6)
    UNION ALL
    SELECT timer.part, timer.topic, timer.key, timer.event_id, timer.tenant_id, timer.traceparent, timer.payload,
      timer.created_at, NULL, NULL, timer.id
    FROM outbox.retry AS timer
    WHERE timer.kind = 'timer' AND timer.state = 'published'
      AND ($1::uuid IS NULL OR timer.event_id = $1::text) AND ($2::text IS NULL OR timer.key = $2)
      AND ($4::text IS NULL OR timer.topic = $4)
      AND ($5::timestamptz IS NULL OR timer.created_at >= $5)
      AND ($6::timestamptz IS NULL OR timer.created_at < $6)
  ) AS source
  ORDER BY place
  LIMIT $7
), replay AS (
  INSERT INTO outbox.replay (requested_by, selection, as_new, messages)
  SELECT $8::text, $9::jsonb, $10::boolean, count(*) FROM chosen
  HAVING count(*) > 0
  RETURNING id
), queued AS (
  INSERT INTO outbox.retry
    (kind, part, topic, key, event_id, tenant_id, traceparent, payload, replay_id, next_attempt_at)
  SELECT 'replay', chosen.part, chosen.topic, chosen.key,
    CASE WHEN $10::boolean THEN chosen.event_id || '#r' || replay.id ELSE chosen.event_id END,
    chosen.tenant_id, chosen.traceparent,
    CASE WHEN NOT $10::boolean OR chosen.payload IS NOT JSON OBJECT THEN chosen.payload
      WHEN chosen.payload::jsonb ? 'idempotency_key' THEN jsonb_set(chosen.payload::jsonb, '{idempotency_key}',
        to_jsonb((chosen.payload::jsonb ->> 'idempotency_key') || '#r' || replay.id))::text
      ELSE chosen.payload END,
    replay.id, statement_timestamp() + (chosen.place - 1) * interval '1 second' / $11::integer
  FROM chosen CROSS JOIN replay
  ORDER BY chosen.place
  RETURNING topic
)
SELECT (SELECT id::text FROM replay) AS replay, chosen.topic, count(*)::integer AS messages,
  min(chosen.created_at) AS first, max(chosen.created_at) AS last
FROM chosen
GROUP BY chosen.topic
ORDER BY chosen.topic
