SELECT id::text, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from,
       created_at, updated_at, removed_at
FROM telemetry.geofence
WHERE removed_at IS NULL AND ($1::text IS NULL OR tenant_id = $1)
ORDER BY tenant_id, name;
