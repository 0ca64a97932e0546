-- Behind each part's cursor, in commit-safe order: a transaction at or above the snapshot's xmin may still add a
-- message in front of those that can be seen. Ordering by the columns themselves; by their text it would be another.
SELECT message.part, message.generation, message.xid, message.id, message.topic, message.event_id,
  message.traceparent, message.payload, message.created_at
FROM unnest($1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[]) AS cursor (part, generation, xid, id)
CROSS JOIN LATERAL (
  SELECT *
  FROM outbox.message AS candidate
  WHERE candidate.part = cursor.part
    AND (candidate.generation, candidate.xid, candidate.id) > (cursor.generation, cursor.xid, cursor.id)
    AND candidate.xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY candidate.generation, candidate.xid, candidate.id
  LIMIT $5
) AS message
ORDER BY message.part, message.generation, message.xid, message.id
