-- `odo shards reshard` holds this lock alone while it switches: wait for its end, then see what it has written.
SELECT pg_advisory_xact_lock_shared(hashtextextended('odograph shards', 0))
