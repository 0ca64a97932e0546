-- In the order of the array, which is that of all instances. Who folds a key next sees what was folded before.
SELECT pg_advisory_xact_lock(hashtextextended(key, 0))
FROM unnest($1::text[]) AS key
