SELECT device_id, version, settled::text AS settled, resettling::text AS resettling
FROM telemetry.device_state
WHERE device_id = ANY ($1::bigint[])
