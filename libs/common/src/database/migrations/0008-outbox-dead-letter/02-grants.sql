GRANT SELECT, INSERT ON outbox.dead_letter TO odograph_relay;
GRANT SELECT, UPDATE (resolved_at, resolution), DELETE ON outbox.dead_letter TO odograph_ops;
