SELECT cursor.part, cursor.generation, cursor.xid, cursor.id, cursor.acknowledged, cursor.updated_at,
  generation.generation AS current_generation,
  (cursor.generation, cursor.xid) >= (generation.generation, pg_snapshot_xmax(pg_current_snapshot())) AS ahead
FROM outbox.cursor AS cursor CROSS JOIN outbox.generation AS generation
ORDER BY cursor.part
