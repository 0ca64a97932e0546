UPDATE telemetry.shard_progress
SET last_ms = $2::numeric, last_seq = $3::numeric, updated_at = clock_timestamp()
WHERE shard = $1
