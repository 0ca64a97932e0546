SELECT rule.id::text, rule.tenant_id, rule.name, rule.kind, device.imei AS device, rule.settings, rule.version,
       rule.valid_from, rule.created_at, rule.updated_at, rule.removed_at
FROM telemetry.rule
LEFT JOIN telemetry.device ON device.id = rule.device_id
WHERE rule.removed_at IS NULL AND ($1::text IS NULL OR rule.tenant_id = $1)
ORDER BY rule.tenant_id, rule.name;
