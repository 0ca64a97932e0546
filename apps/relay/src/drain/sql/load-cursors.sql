SELECT part, generation, xid, id, acknowledged,
  xid >= pg_snapshot_xmax(pg_current_snapshot())
    AND generation >= (SELECT generation FROM outbox.generation) AS ahead
FROM outbox.cursor
WHERE part = ANY ($1::smallint[])
