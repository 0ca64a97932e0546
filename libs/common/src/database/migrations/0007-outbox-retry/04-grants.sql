GRANT SELECT, INSERT, UPDATE, DELETE ON outbox.retry TO odograph_relay;
GRANT SELECT ON outbox.pause TO odograph_relay;
-- Producers make timers and cancel them, in their own transactions.
GRANT SELECT, INSERT, UPDATE (state, closed_at) ON outbox.retry TO odograph_processor;
GRANT SELECT, INSERT, UPDATE ON outbox.retry TO odograph_ops;
GRANT SELECT, INSERT, DELETE ON outbox.pause TO odograph_ops;
GRANT SELECT, INSERT ON outbox.replay TO odograph_ops;
-- `odo outbox rebase` mends the cursors after a restore.
GRANT UPDATE ON outbox.generation, outbox.cursor TO odograph_ops;
