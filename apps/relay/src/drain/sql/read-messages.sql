-- Behind each part's cursor, in commit-safe order: a transaction at or above the snapshot's xmin may still add a
-- message in front of those that can be seen. Ordering by the columns themselves; by their text it would be another.
-- The cursor is the table's: where the caller's is another one, a newer owner moved it or the database was restored.
-- One text for all messages of a part: as rows and columns they cost the relay several times what they cost here.
SELECT held.part,
  (cursor.generation, cursor.xid, cursor.id) = (held.generation, held.xid, held.id) AS in_place,
  batch.count, batch.messages
FROM unnest($1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[]) AS held (part, generation, xid, id)
JOIN outbox.cursor AS cursor ON cursor.part = held.part
CROSS JOIN LATERAL (
  SELECT count(*)::integer AS count,
    string_agg(
      concat_ws(
        E'\x1f', generation, xid, id, topic, key, event_id, traceparent, date_part('epoch', created_at), payload
      ),
      E'\x1f'
    ) AS messages
  FROM (
    SELECT *
    FROM outbox.message AS candidate
    WHERE candidate.part = cursor.part
      AND (candidate.generation, candidate.xid, candidate.id) > (cursor.generation, cursor.xid, cursor.id)
      AND candidate.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY candidate.generation, candidate.xid, candidate.id
    LIMIT $5
  ) AS message
) AS batch
WHERE batch.count > 0
