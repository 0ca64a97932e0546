-- The processor enrolls devices of its own accord, so one that was not there a moment ago may be there now.
INSERT INTO telemetry.device (imei, tenant_id, name, enabled)
VALUES ($1, $2, $3, $4)
ON CONFLICT (imei) DO UPDATE
SET tenant_id = excluded.tenant_id, name = excluded.name, enabled = excluded.enabled,
    updated_at = clock_timestamp(), removed_at = NULL
RETURNING id::text, imei, tenant_id, name, enabled, created_at, updated_at, removed_at;
