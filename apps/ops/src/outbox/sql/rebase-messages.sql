-- The candidates that were not found in their stream go into a generation of their own, in front of all that is written
-- from now on: behind every mark that Redis may hold, and under the lowest transaction id there is, so that no open
-- transaction keeps them from being read. What an older server wrote comes first.
WITH moved AS (
  DELETE FROM outbox.message AS message
  USING unnest($1::smallint[], $2::text[], $3::bigint[], $4::xid8[], $5::bigint[], $6::boolean[])
    AS bound (part, topic, generation, xid, id, ahead)
  WHERE message.part = bound.part AND message.topic = bound.topic
    AND ((message.generation, message.xid, message.id) > (bound.generation, bound.xid, bound.id)
      OR (bound.ahead AND message.xid < pg_snapshot_xmax(pg_current_snapshot())))
    AND NOT EXISTS (
      SELECT FROM outbox.retry
      WHERE retry.kind = 'parked' AND retry.part = message.part AND retry.generation = message.generation
        AND retry.xid = message.xid AND retry.message_id = message.id)
    AND NOT (message.topic || ' ' || message.event_id) = ANY ($7::text[])
  RETURNING message.*
), rewritten AS (
  INSERT INTO outbox.message
    (generation, xid, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
  SELECT $8, '1', part, topic, key, event_id, tenant_id, traceparent, payload, created_at
  FROM moved
  ORDER BY part, xid < pg_snapshot_xmax(pg_current_snapshot()), generation, xid, id
  RETURNING part
)
SELECT count(*)::integer AS messages FROM rewritten
