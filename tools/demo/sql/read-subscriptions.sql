SELECT s.user_id, d.imei, s.event_kind
FROM telemetry.subscription s LEFT JOIN telemetry.device d ON d.id = s.device_id
WHERE s.tenant_id = $1
ORDER BY s.id
