SELECT name::text AS name FROM public.odograph_migration ORDER BY id
