-- What others than the owner may do. Partitions with bounds count as one object `<parent>_*`: what any of them grants.
SELECT object, definition FROM (
  SELECT
    'grant on ' || object || ' to ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS object,
    string_agg(DISTINCT privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ') AS definition
  FROM (
    SELECT 'schema ' || n.nspname AS object, n.nspowner AS owner, n.nspname, g.*
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g
    UNION ALL
    SELECT coalesce(partition_of.name, CASE c.relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || n.nspname || '.' || c.relname),
      c.relowner, n.nspname, g.*
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (
      SELECT 'table ' || i.inhparent::regclass || '_*' AS name FROM pg_inherits i
      WHERE i.inhrelid = c.oid AND c.relispartition AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT') partition_of ON true
    CROSS JOIN aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) g
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'column ' || n.nspname || '.' || c.relname || '.' || a.attname, c.relowner, n.nspname, g.*
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) g
    UNION ALL
    SELECT 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proowner, n.nspname, g.*
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
  ) granted
  WHERE nspname = ANY ($1) AND grantee <> owner
  GROUP BY object, grantee
) printed
ORDER BY object COLLATE "C"
