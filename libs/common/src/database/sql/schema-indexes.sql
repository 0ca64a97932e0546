SELECT
  'index ' || n.nspname || '.' || i.relname AS object,
  concat_ws('; ', pg_get_indexdef(i.oid), CASE WHEN NOT x.indisvalid THEN 'INVALID' END) AS definition
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1) AND NOT i.relispartition
ORDER BY n.nspname COLLATE "C", i.relname COLLATE "C"
