SELECT telemetry.ensure_position_partitions($1, $2) AS made
