SELECT id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, valid_from
FROM telemetry.geofence
WHERE tenant_id = $1 AND removed_at IS NULL
ORDER BY id
