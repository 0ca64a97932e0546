-- Reaches back further than the last look: a row carries the time at which its transaction began and shows when it
-- commits. Rows seen twice are written twice, which changes nothing.
SELECT id, imei, tenant_id, enabled, removed_at IS NOT NULL AS is_removed
FROM telemetry.device
WHERE greatest(created_at, updated_at, removed_at) >= now() - $1::double precision * interval '1 millisecond'
