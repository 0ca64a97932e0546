-- The oldest open transaction that writes: no message that was committed after it began is read before it ends. In any
-- database of the server, since transaction ids are the server's. What a role may not see of another one's session is
-- null.
SELECT blocker.pid, blocker.application, blocker.open_seconds, blocker.query_seconds
FROM (
  SELECT pid, application_name AS application, age(backend_xid) AS xid_age,
    extract(epoch FROM clock_timestamp() - xact_start)::double precision AS open_seconds,
    extract(epoch FROM clock_timestamp() - query_start)::double precision AS query_seconds
  FROM pg_stat_activity
  WHERE backend_xid IS NOT NULL
  UNION ALL
  SELECT NULL, 'prepared transaction ' || gid, age(transaction),
    extract(epoch FROM clock_timestamp() - prepared)::double precision, NULL
  FROM pg_prepared_xacts
) AS blocker
ORDER BY blocker.xid_age DESC
LIMIT 1
