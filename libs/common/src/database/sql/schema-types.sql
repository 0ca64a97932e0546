-- Types and sequences that stand for themselves: not the row types of tables, nor the sequences of identity columns.
SELECT object, definition FROM (
  SELECT
    'type ' || n.nspname || '.' || t.typname AS object,
    CASE t.typtype
      WHEN 'e' THEN 'enum ' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
      WHEN 'd' THEN 'domain over ' || format_type(t.typbasetype, t.typtypmod)
      ELSE 'kind ' || t.typtype::text END AS definition
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = ANY ($1)
    AND t.typelem = 0
    AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  UNION ALL
  SELECT
    'sequence ' || n.nspname || '.' || c.relname,
    concat_ws(' ', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, CASE WHEN s.seqcycle THEN 'cycle' END)
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
) printed
ORDER BY object COLLATE "C"
