SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('odograph migrations', 0)) AS locked
