SELECT round(extract(epoch FROM time) * 1000)::bigint AS time_ms, digest
FROM telemetry.position
WHERE device_id = $1
