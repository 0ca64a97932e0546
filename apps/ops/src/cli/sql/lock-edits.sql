-- Edits by operators come one after the other, so that looking first and writing then is one step among them. The
-- apps take no part in it.
SELECT pg_advisory_xact_lock(hashtextextended('odograph operator edits', 0));
