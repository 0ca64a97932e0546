UPDATE telemetry.device
SET removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE imei = $1
RETURNING id::text, imei, tenant_id, name, enabled, created_at, updated_at, removed_at;
