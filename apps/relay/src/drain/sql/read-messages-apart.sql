-- As read-messages.sql, a row for each message: for those that hold the separator which the one text hangs on.
SELECT message.part, message.generation, message.xid, message.id, message.topic, message.key, message.event_id,
  message.traceparent, message.payload, message.created_at,
  (cursor.generation, cursor.xid, cursor.id) = (held.generation, held.xid, held.id) AS in_place
FROM unnest($1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[]) AS held (part, generation, xid, id)
JOIN outbox.cursor AS cursor ON cursor.part = held.part
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
