SELECT id::text, imei, tenant_id, name, enabled, created_at, updated_at, removed_at
FROM telemetry.device
WHERE imei = $1;
