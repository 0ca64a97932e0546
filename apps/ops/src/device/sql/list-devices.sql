SELECT id::text, imei, tenant_id, name, enabled, created_at, updated_at, removed_at
FROM telemetry.device
WHERE removed_at IS NULL AND ($1::text IS NULL OR tenant_id = $1)
ORDER BY tenant_id, imei;
