SELECT telemetry.drop_position_partitions($1::date, $2 * interval '1 millisecond') AS dropped
