-- Counts the messages of one hour's slot that no closed hour has counted, by topic, part and minute, against what is
-- in the streams. The caller first notes the cursors (as_of, parts, generations, xids, ids), then reads the streams, then
-- calls this: so whatever counts as published here was in its stream, or had been accepted, when that was read.
-- standing_events, standing_intents: hashes of the event ids in fleet:events and notification:intents, with repeats.
-- trimmed_before: messages written before may have gone from fleet:events by their age.
CREATE FUNCTION ops.event_census(
  of_hour timestamptz, as_of timestamptz, parts smallint[], generations bigint[], xids xid8[], ids bigint[],
  standing_events bigint[], standing_intents bigint[], trimmed_before timestamptz, max_ids integer
) RETURNS TABLE (
  topic text, part smallint, minute timestamptz,
  committed bigint, committed_hash bigint, published bigint, published_hash bigint, consumed bigint, consumed_hash bigint,
  parked bigint, parked_hash bigint, skipped bigint, skipped_hash bigint,
  unread bigint, unknown bigint, lost bigint, doubled bigint, lost_ids text[], doubled_ids text[], parked_ids text[]
)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH message AS (
  SELECT m.topic, m.part, m.event_id, m.created_at, ops.ledger_minute(m.created_at) AS minute,
    CASE
      -- What the retry lane has closed since may have been published after the stream was read.
      WHEN r.closed_at IS NULL AND r.id IS NOT NULL OR r.closed_at > as_of THEN 'parked'
      WHEN r.state = 'published' THEN 'published'
      WHEN r.id IS NOT NULL THEN 'skipped'
      WHEN (m.generation, m.xid, m.id) <= (s.generation, s.xid, s.id)
        AND (m.generation, m.xid, m.id) <= (c.generation, c.xid, c.id) THEN 'published'
      ELSE 'unread'
    END AS stage
  FROM outbox.message AS m
  JOIN unnest(parts, generations, xids, ids) AS s (part, generation, xid, id) ON s.part = m.part
  JOIN outbox.cursor AS c ON c.part = m.part
  LEFT JOIN outbox.retry AS r ON r.kind = 'parked' AND r.part = m.part
    AND r.generation = m.generation AND r.xid = m.xid AND r.message_id = m.id
  WHERE m.slot = ((extract(epoch FROM of_hour)::bigint / 3600) % 48)::smallint
    AND NOT EXISTS (
      SELECT FROM ops.ledger_hour AS closed
      WHERE closed.hour = date_bin('1 hour', ops.ledger_minute(m.created_at), 'epoch'))
), event AS MATERIALIZED (
  SELECT g.*, ops.event_hash(g.event_id::text) AS hash
  FROM (
    SELECT m.topic, m.part, m.event_id, min(m.minute) AS minute, min(m.created_at) < trimmed_before AS is_old,
      count(*) AS committed,
      count(*) FILTER (WHERE m.stage = 'published') AS published,
      count(*) FILTER (WHERE m.stage = 'parked') AS parked,
      count(*) FILTER (WHERE m.stage = 'skipped') AS skipped,
      count(*) FILTER (WHERE m.stage = 'unread') AS unread
    FROM message AS m GROUP BY m.topic, m.part, m.event_id
  ) AS g
), standing AS (
  SELECT 'fleet:events' AS topic, h AS hash, count(*) AS entries FROM unnest(standing_events) AS h GROUP BY h
  UNION ALL
  SELECT 'notification:intents', h, count(*) FROM unnest(standing_intents) AS h GROUP BY h
), taken AS (
  SELECT r.event_id FROM notification.record AS r
  WHERE r.accepted_at >= (SELECT min(e.minute) - interval '1 minute' FROM event AS e) AND r.event_id IS NOT NULL
  UNION
  SELECT coalesce(i.event_id, i.raw_fields ->> 'event_id') FROM notification.malformed_intent AS i
  WHERE i.recorded_at >= (SELECT min(e.minute) - interval '1 minute' FROM event AS e)
), met AS MATERIALIZED (
  SELECT e.*, coalesce(s.entries, 0) AS entries, t.event_id IS NOT NULL AS is_taken
  FROM event AS e
  LEFT JOIN standing AS s ON s.topic = e.topic AND s.hash = e.hash
  LEFT JOIN taken AS t ON e.topic = 'notification:intents' AND t.event_id = e.event_id::text
), taken_unnamed AS (
  -- Accepted by a notification app that did not write event ids yet.
  SELECT DISTINCT m.event_id
  FROM outbox.message AS m
  JOIN met ON met.topic = 'notification:intents' AND NOT met.is_taken AND met.entries < met.published
    AND met.topic = m.topic AND met.event_id = m.event_id
  JOIN notification.record AS r ON r.event_id IS NULL
    AND r.producer = CASE WHEN m.payload IS JSON OBJECT THEN m.payload::json ->> 'producer' END
    AND r.idempotency_key = CASE WHEN m.payload IS JSON OBJECT THEN m.payload::json ->> 'idempotency_key' END
  WHERE m.slot = ((extract(epoch FROM of_hour)::bigint / 3600) % 48)::smallint
), elsewhere AS (
  -- A producer may write one event in two hours; its entries are then those of both.
  SELECT m.topic, m.event_id, count(*) AS committed
  FROM outbox.message AS m
  JOIN met ON met.entries > met.committed AND met.topic = m.topic AND met.event_id = m.event_id
  WHERE m.slot <> ((extract(epoch FROM of_hour)::bigint / 3600) % 48)::smallint
  GROUP BY m.topic, m.event_id
), judged AS (
  SELECT met.*,
    CASE WHEN met.is_taken OR u.event_id IS NOT NULL THEN greatest(met.entries, met.published) ELSE met.entries END AS reached,
    greatest(met.entries - met.committed - coalesce(x.committed, 0), 0) AS doubled,
    met.topic = 'notification:intents' OR met.topic = 'fleet:events' AND NOT met.is_old AS is_known
  FROM met
  LEFT JOIN taken_unnamed AS u ON u.event_id = met.event_id
  LEFT JOIN elsewhere AS x ON x.topic = met.topic AND x.event_id = met.event_id
), balanced AS (
  SELECT j.*, least(j.reached, j.published) + j.doubled AS consumed, greatest(j.published - j.reached, 0) AS missing
  FROM judged AS j
)
SELECT b.topic, b.part, b.minute,
  sum(b.committed)::bigint, bit_xor(CASE WHEN b.committed % 2 = 1 THEN b.hash ELSE 0 END),
  sum(b.published)::bigint, bit_xor(CASE WHEN b.published % 2 = 1 THEN b.hash ELSE 0 END),
  sum(b.consumed)::bigint, bit_xor(CASE WHEN b.consumed % 2 = 1 THEN b.hash ELSE 0 END),
  sum(b.parked)::bigint, bit_xor(CASE WHEN b.parked % 2 = 1 THEN b.hash ELSE 0 END),
  sum(b.skipped)::bigint, bit_xor(CASE WHEN b.skipped % 2 = 1 THEN b.hash ELSE 0 END),
  sum(b.unread)::bigint,
  sum(CASE WHEN b.is_known THEN 0 ELSE b.missing END)::bigint,
  sum(CASE WHEN b.is_known THEN b.missing ELSE 0 END)::bigint,
  sum(b.doubled)::bigint,
  (coalesce(array_agg(b.event_id::text ORDER BY b.event_id) FILTER (WHERE b.is_known AND b.missing > 0), '{}'))[1:max_ids],
  (coalesce(array_agg(b.event_id::text ORDER BY b.event_id) FILTER (WHERE b.doubled > 0), '{}'))[1:max_ids],
  (coalesce(array_agg(b.event_id::text ORDER BY b.event_id) FILTER (WHERE b.parked > 0), '{}'))[1:max_ids]
FROM balanced AS b
GROUP BY b.topic, b.part, b.minute
$$;
REVOKE ALL ON FUNCTION ops.event_census(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, integer) FROM PUBLIC;
