REVOKE SELECT ON telemetry.position_default FROM odograph_processor;
DROP TABLE telemetry.shard_progress, ops.stream_loss;
