-- As read-messages.sql, a row for each message: for those that hold the separator which the one text hangs on.
SELECT message.part, message.generation, message.xid, message.id, message.topic, message.key, message.event_id,
  message.traceparent, message.payload, message.created_at,
  (cursor.generation, cursor.xid, cursor.id)
    IN ((held.generation, held.xid, held.id), (held.after_generation, held.after_xid, held.after_id)) AS in_place
FROM unnest($1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[], $5::bigint[], $6::xid8[], $7::bigint[])
  AS held (part, generation, xid, id, after_generation, after_xid, after_id)
JOIN outbox.cursor AS cursor ON cursor.part = held.part
CROSS JOIN LATERAL (
  SELECT *
  FROM outbox.message AS candidate
  WHERE candidate.part = held.part
    AND (candidate.generation, candidate.xid, candidate.id)
        > (held.after_generation, held.after_xid, held.after_id)
    AND candidate.xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY candidate.generation, candidate.xid, candidate.id
  LIMIT $8
) AS message
ORDER BY message.part, message.generation, message.xid, message.id
