-- As read-messages.sql, from where the owner has come while topics are on hold: its cursor stays in front of the first
-- message of them. One row a part at least, so that a cursor that is not in its place is noticed all the same.
SELECT held.part, message.generation, message.xid, message.id, message.topic, message.key, message.event_id,
  message.traceparent, message.payload, message.created_at,
  (cursor.generation, cursor.xid, cursor.id) = (held.generation, held.xid, held.id) AS in_place
FROM unnest(
  $1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[], $6::bigint[], $7::xid8[], $8::bigint[]
) AS held (part, generation, xid, id, on_generation, on_xid, on_id)
JOIN outbox.cursor AS cursor ON cursor.part = held.part
LEFT JOIN LATERAL (
  SELECT *
  FROM outbox.message AS candidate
  WHERE candidate.part = held.part
    AND (candidate.generation, candidate.xid, candidate.id) > (held.on_generation, held.on_xid, held.on_id)
    AND candidate.xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY candidate.generation, candidate.xid, candidate.id
  LIMIT $5
) AS message ON true
ORDER BY held.part, message.generation, message.xid, message.id
