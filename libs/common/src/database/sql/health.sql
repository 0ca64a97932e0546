SELECT current_setting('server_version') AS version, pg_catalog.pg_is_in_recovery() AS in_recovery
