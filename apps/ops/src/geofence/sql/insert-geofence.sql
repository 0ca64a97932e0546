INSERT INTO telemetry.geofence (tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, valid_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, COALESCE($8, now()))
RETURNING id::text, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from,
       created_at, updated_at, removed_at;
