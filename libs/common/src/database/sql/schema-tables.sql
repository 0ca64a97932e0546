-- Tables and views. Partitions with bounds are data, not schema, and are left out; DEFAULT partitions are in.
SELECT
  CASE WHEN c.relkind IN ('v', 'm') THEN 'view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS object,
  concat_ws('; ',
    CASE c.relkind
      WHEN 'r' THEN 'ordinary' WHEN 'p' THEN 'partitioned by ' || pg_get_partkeydef(c.oid)
      WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'm' THEN 'materialized ' || pg_get_viewdef(c.oid) ELSE 'foreign' END,
    (SELECT 'partition of ' || i.inhparent::regclass || ' ' || pg_get_expr(c.relpartbound, c.oid)
     FROM pg_inherits i WHERE i.inhrelid = c.oid),
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
    'with ' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM unnest(c.reloptions) AS option),
    'toast with ' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C") FROM pg_class toast, unnest(toast.reloptions) AS option
      WHERE toast.oid = c.reltoastrelid),
    CASE WHEN c.relrowsecurity THEN 'row security' END) AS definition
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1)
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (NOT c.relispartition OR pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
