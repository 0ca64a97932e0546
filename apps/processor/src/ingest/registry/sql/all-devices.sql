SELECT id, imei, tenant_id, enabled FROM telemetry.device WHERE removed_at IS NULL
