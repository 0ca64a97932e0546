-- How many slots a ring has is schema; how many days are there is not.
SELECT
  'partitions ' || n.nspname || '.' || c.relname AS object,
  CASE p.partstrat
    WHEN 'l' THEN 'by list: ' || (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid)
    ELSE 'by range, as many as upkeep has made' END AS definition
FROM pg_partitioned_table p
JOIN pg_class c ON c.oid = p.partrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
