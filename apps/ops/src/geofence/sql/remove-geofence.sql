UPDATE telemetry.geofence
SET removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = $1::bigint
RETURNING id::text, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from,
       created_at, updated_at, removed_at;
