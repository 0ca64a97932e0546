SELECT id, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from
FROM telemetry.geofence
WHERE removed_at IS NULL
