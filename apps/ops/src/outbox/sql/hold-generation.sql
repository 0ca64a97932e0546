-- Every producer that has appended in its open transaction has read this table and holds its lock until it ends: so this
-- waits out the writers of the old generation, and the next ones wait for the new one.
LOCK TABLE outbox.generation IN ACCESS EXCLUSIVE MODE
