GRANT SELECT, INSERT ON ops.deployment TO odograph_processor;
GRANT SELECT, INSERT, UPDATE ON ops.deployment TO odograph_ops;
GRANT EXECUTE ON FUNCTION telemetry.drop_position_partitions(date, interval) TO odograph_ops;
