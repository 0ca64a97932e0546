SELECT id, tenant_id, name, kind, device_id, settings, version, valid_from
FROM telemetry.rule
WHERE removed_at IS NULL
