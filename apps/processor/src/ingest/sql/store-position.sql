-- The timeline from the name of the WAL file: the control file learns of a promotion only at the next checkpoint.
SELECT
  (SELECT system_identifier::text FROM pg_control_system()) AS system,
  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline,
  (pg_current_wal_flush_lsn() - '0/0')::bigint AS lsn
