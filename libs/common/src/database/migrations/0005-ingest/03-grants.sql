GRANT SELECT, INSERT, UPDATE ON telemetry.shard_progress TO odograph_processor;
GRANT SELECT, INSERT ON ops.stream_loss TO odograph_processor;
GRANT SELECT ON telemetry.shard_progress, ops.stream_loss TO odograph_ops;
GRANT SELECT ON telemetry.shard_progress TO odograph_readonly;
-- Counted apart from the days: what the upkeep has left there is an alert.
GRANT SELECT ON telemetry.position_default TO odograph_processor;
