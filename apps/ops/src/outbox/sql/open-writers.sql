SELECT activity.pid, coalesce(activity.application_name, '') AS application,
  extract(epoch FROM clock_timestamp() - activity.xact_start)::float8 * 1000 AS open_ms
FROM pg_locks AS held
JOIN pg_stat_activity AS activity USING (pid)
WHERE held.relation = 'outbox.generation'::regclass AND held.granted AND held.pid <> pg_backend_pid()
ORDER BY activity.xact_start
