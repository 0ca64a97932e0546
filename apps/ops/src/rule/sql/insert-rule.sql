INSERT INTO telemetry.rule (tenant_id, name, kind, device_id, settings, valid_from)
VALUES ($1, $2, $3, $4::bigint, $5::jsonb, COALESCE($6, now()));
