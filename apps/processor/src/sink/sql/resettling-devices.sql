SELECT device.id, device.imei, device.tenant_id, device.name
FROM telemetry.device_state AS state
JOIN telemetry.device AS device ON device.id = state.device_id
WHERE state.resettling IS NOT NULL AND state.device_id > $1
ORDER BY state.device_id
LIMIT $2
