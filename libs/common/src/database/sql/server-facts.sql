SELECT
  current_setting('server_version_num')::integer AS version_number,
  current_setting('server_version') AS version,
  current_user::text AS role,
  current_setting('synchronous_commit') AS synchronous_commit,
  (SELECT setting::integer FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout') AS transaction_timeout_ms
