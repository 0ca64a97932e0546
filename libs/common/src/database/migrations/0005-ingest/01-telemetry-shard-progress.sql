CREATE TABLE telemetry.shard_progress (
  shard integer PRIMARY KEY,
  last_ms numeric(20) NOT NULL,
  last_seq numeric(20) NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE telemetry.shard_progress IS 'Highest stream entry of each telemetry shard whose records are stored, written in their transaction.';
COMMENT ON COLUMN telemetry.shard_progress.last_ms IS 'First half of the stream id; both halves are unsigned 64-bit.';
