-- One page behind the last row of the one before: by key, so that no page costs more than another.
SELECT
  e.occurred_at, e.event_id, d.imei, e.tenant_id, e.kind, e.reference, e.reference_version,
  e.longitude / 1e7::float8 AS longitude, e.latitude / 1e7::float8 AS latitude, e.speed_kmh,
  e.details, e.historical, e.confirmed_time, e.created_at, e.retracted_at
FROM telemetry.event e
JOIN telemetry.device d ON d.id = e.device_id
WHERE e.occurred_at >= $1::timestamptz AND e.occurred_at < $2::timestamptz
  AND (e.occurred_at, e.event_id) > ($3::timestamptz, $4::uuid)
  AND ($5::text IS NULL OR d.imei = $5)
  AND ($6::text IS NULL OR e.kind = $6)
  AND ($7::boolean OR e.retracted_at IS NULL)
ORDER BY e.occurred_at, e.event_id
LIMIT $8
