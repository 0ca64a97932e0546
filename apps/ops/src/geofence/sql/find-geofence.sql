-- A name may have been removed several times; the live one, else the one that was removed last.
SELECT id::text, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from,
       created_at, updated_at, removed_at
FROM telemetry.geofence
WHERE tenant_id = $1 AND name = $2
ORDER BY removed_at DESC NULLS FIRST, id DESC
LIMIT 1;
