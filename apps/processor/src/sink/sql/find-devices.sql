SELECT id, imei, tenant_id, name, enabled, removed_at IS NOT NULL AS is_removed
FROM telemetry.device
WHERE imei = ANY ($1::text[])
