-- Behind a place of each part, in commit-safe order: a transaction at or above the snapshot's xmin may still add a
-- message in front of those that can be seen. Ordering by the columns themselves; by their text it would be another.
-- The place is the caller's cursor, or where it is about to stand. Where the table's is neither, a newer owner moved it
-- or the database was restored.
-- One text for all messages of a part: as rows and columns they cost the relay several times what they cost here.
SELECT held.part, place.in_place, batch.count, batch.messages
FROM unnest($1::smallint[], $2::bigint[], $3::xid8[], $4::bigint[], $5::bigint[], $6::xid8[], $7::bigint[])
  AS held (part, generation, xid, id, after_generation, after_xid, after_id)
JOIN outbox.cursor AS cursor ON cursor.part = held.part
CROSS JOIN LATERAL (
  SELECT (cursor.generation, cursor.xid, cursor.id)
    IN ((held.generation, held.xid, held.id), (held.after_generation, held.after_xid, held.after_id)) AS in_place
) AS place
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
    WHERE candidate.part = held.part
      AND (candidate.generation, candidate.xid, candidate.id)
          > (held.after_generation, held.after_xid, held.after_id)
      AND candidate.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY candidate.generation, candidate.xid, candidate.id
    LIMIT $8
  ) AS message
) AS batch
WHERE batch.count > 0 OR NOT place.in_place
