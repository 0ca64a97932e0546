SELECT
  c.relname::text AS name,
  CASE WHEN c.relname ~ '^position_[0-9]{8}$' THEN to_date(right(c.relname, 8), 'YYYYMMDD')::text END AS day,
  greatest(c.reltuples::bigint, coalesce(s.n_live_tup, 0), 0) AS rows_estimate,
  pg_total_relation_size(c.oid) AS size_bytes
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE i.inhparent = 'telemetry.position'::regclass
ORDER BY day NULLS LAST, name
