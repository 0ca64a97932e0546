SELECT object, definition FROM (
  SELECT 'comment ' || named.object AS object, d.description AS definition
  FROM pg_description d
  JOIN (
    SELECT 'pg_class'::regclass AS class, c.oid, coalesce(a.attnum, 0) AS part,
      CASE WHEN a.attnum IS NOT NULL THEN 'column ' WHEN c.relkind IN ('i', 'I') THEN 'index ' ELSE 'table ' END
        || n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') AS object, n.nspname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (
      SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
      UNION ALL SELECT NULL, NULL) a ON true
    WHERE NOT c.relispartition
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 0, 'constraint ' || n.nspname || '.' || c.relname || '.' || k.conname, n.nspname
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0, 'function ' || n.nspname || '.' || p.proname, n.nspname
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, 0, 'schema ' || n.nspname, n.nspname FROM pg_namespace n
  ) named ON named.class = d.classoid AND named.oid = d.objoid AND named.part = d.objsubid
  WHERE named.nspname = ANY ($1)
) printed
ORDER BY object COLLATE "C"
