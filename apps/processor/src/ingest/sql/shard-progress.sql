SELECT shard, last_ms::text || '-' || last_seq::text AS last_id
FROM telemetry.shard_progress
WHERE shard = ANY ($1::integer[])
