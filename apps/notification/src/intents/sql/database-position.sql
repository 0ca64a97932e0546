-- Where the log stands, on which timeline (by the name of its file, which a promotion changes at once), and which of
-- these records the database does not have.
SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system,
  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline,
  (pg_current_wal_flush_lsn() - '0/0')::bigint AS lsn,
  (
    SELECT seen.notification_id::text
    FROM unnest($1::uuid[]) AS seen (notification_id)
    WHERE NOT EXISTS (SELECT FROM notification.record WHERE record.notification_id = seen.notification_id)
    LIMIT 1
  ) AS missing
