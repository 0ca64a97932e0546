SELECT object, definition FROM (
  SELECT
    'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS object,
    concat_ws('; ',
      'returns ' || pg_get_function_result(p.oid),
      l.lanname,
      CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END,
      CASE WHEN p.prosecdef THEN 'security definer' ELSE 'security invoker' END,
      'set ' || array_to_string(p.proconfig, ', '),
      'body md5 ' || md5(p.prosrc)) AS definition
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname = ANY ($1)
) printed
ORDER BY object COLLATE "C"
