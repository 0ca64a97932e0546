-- A name may have been removed several times; the live one, else the one that was removed last.
SELECT rule.id::text, rule.tenant_id, rule.name, rule.kind, device.imei AS device, rule.settings, rule.version,
       rule.valid_from, rule.created_at, rule.updated_at, rule.removed_at
FROM telemetry.rule
LEFT JOIN telemetry.device ON device.id = rule.device_id
WHERE rule.tenant_id = $1 AND rule.name = $2
ORDER BY rule.removed_at DESC NULLS FIRST, rule.id DESC
LIMIT 1;
