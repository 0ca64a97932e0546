SELECT object, definition FROM (
  SELECT
    'trigger ' || n.nspname || '.' || c.relname || '.' || t.tgname AS object,
    concat_ws('; ', pg_get_triggerdef(t.oid), CASE t.tgenabled WHEN 'D' THEN 'disabled' END) AS definition
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND NOT t.tgisinternal AND t.tgparentid = 0
) printed
ORDER BY object COLLATE "C"
