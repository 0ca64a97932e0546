INSERT INTO telemetry.subscription (tenant_id, user_id, device_id, event_kind)
VALUES ($1, $2, $3::bigint, $4);
