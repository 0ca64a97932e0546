-- An ingest that starts takes this lock shared, behind its membership: it sees what is written here, or is seen.
SELECT pg_advisory_xact_lock(hashtextextended('odograph shards', 0))
