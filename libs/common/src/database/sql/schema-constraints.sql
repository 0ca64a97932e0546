-- NOT NULL stands with the columns: PostgreSQL 18 lists it here too, 17 does not. Of partitions only what is their own.
SELECT
  'constraint ' || n.nspname || '.' || c.relname || '.' || k.conname AS object,
  pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1)
  AND k.contype NOT IN ('n', 't')
  AND (NOT c.relispartition OR (k.coninhcount = 0 AND k.conparentid = 0))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"
