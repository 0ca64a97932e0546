SELECT telemetry.ensure_position_partitions(1, $1) AS made
