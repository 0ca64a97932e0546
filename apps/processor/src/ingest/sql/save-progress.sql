-- Beside what is stored in this transaction. Answers where the log stands, as store-position.sql does.
WITH saved AS (
  INSERT INTO telemetry.shard_progress AS progress (shard, last_ms, last_seq)
  SELECT *
  FROM unnest($1::integer[], $2::numeric[], $3::numeric[])
  ON CONFLICT (shard) DO UPDATE
  SET last_ms = excluded.last_ms, last_seq = excluded.last_seq, updated_at = clock_timestamp()
  WHERE (excluded.last_ms, excluded.last_seq) > (progress.last_ms, progress.last_seq)
)
SELECT
  (SELECT system_identifier::text FROM pg_control_system()) AS system,
  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline,
  (pg_current_wal_flush_lsn() - '0/0')::bigint AS lsn
