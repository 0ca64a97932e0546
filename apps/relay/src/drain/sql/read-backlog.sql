-- Of each part: the messages behind its cursor, counted up to a bound, the age of the first of them, and the age of the
-- oldest that is kept at all.
SELECT cursor.part, behind.rows::integer AS rows,
  coalesce(extract(epoch FROM now() - behind.oldest), 0)::double precision AS behind_seconds,
  coalesce(extract(epoch FROM now() - kept.created_at), 0)::double precision AS kept_seconds
FROM outbox.cursor AS cursor
CROSS JOIN LATERAL (
  SELECT count(*) AS rows, min(first.created_at) AS oldest
  FROM (
    SELECT message.created_at
    FROM outbox.message AS message
    WHERE message.part = cursor.part
      AND (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)
    ORDER BY message.generation, message.xid, message.id
    LIMIT $2
  ) AS first
) AS behind
LEFT JOIN LATERAL (
  SELECT message.created_at
  FROM outbox.message AS message
  WHERE message.part = cursor.part
  ORDER BY message.generation, message.xid, message.id
  LIMIT 1
) AS kept ON true
WHERE cursor.part = ANY ($1::smallint[])
