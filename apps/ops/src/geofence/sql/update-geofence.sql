-- Also brings a removed one back. What was judged by an older version stays judged; this one judges from valid_from on.
UPDATE telemetry.geofence
SET longitude = $2, latitude = $3, radius_m = $4, hysteresis_m = $5, dwell_s = $6,
    valid_from = COALESCE($7, now()), version = version + 1, updated_at = clock_timestamp(), removed_at = NULL
WHERE id = $1::bigint
RETURNING id::text, tenant_id, name, longitude, latitude, radius_m, hysteresis_m, dwell_s, version, valid_from,
       created_at, updated_at, removed_at;
