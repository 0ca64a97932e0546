SELECT part, generation, xid, id, acknowledged,
  (generation, xid) >= (
    (SELECT generation FROM outbox.generation),
    pg_snapshot_xmax(pg_current_snapshot())
  ) AS ahead
FROM outbox.cursor
WHERE part = ANY ($1::smallint[])
