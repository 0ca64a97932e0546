SELECT r.id, r.kind, r.settings, r.valid_from, d.imei
FROM telemetry.rule r LEFT JOIN telemetry.device d ON d.id = r.device_id
WHERE r.tenant_id = $1 AND r.removed_at IS NULL
ORDER BY r.id
