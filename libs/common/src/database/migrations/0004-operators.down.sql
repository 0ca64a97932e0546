DROP INDEX telemetry.event_occurred_idx;
DROP FUNCTION telemetry.drop_position_partitions(date, interval);
DROP TABLE ops.deployment;
