SELECT device_id, settled::text AS settled FROM telemetry.device_state WHERE device_id = ANY ($1::bigint[])
