SELECT telemetry.flag_positions($1, $2, $3, $4, $5)::integer AS records
