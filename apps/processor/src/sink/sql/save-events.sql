-- An event that is there already is brought up to date, and stands again where it had been retracted. Whether it was
-- historical stays as it was when it was found first. xmax is 0 on a row that this statement inserted, and on no other.
INSERT INTO telemetry.event AS event (
  event_id, device_id, tenant_id, kind, reference, reference_version, occurred_at, confirmed_time, confirmed_digest,
  longitude, latitude, speed_kmh, details, historical
)
SELECT event_id, device_id, tenant_id, kind, reference, reference_version, occurred_at, confirmed_time,
  confirmed_digest, longitude, latitude, speed_kmh, details::jsonb, historical
FROM unnest(
  $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[],
  $9::bigint[], $10::integer[], $11::integer[], $12::integer[], $13::text[], $14::boolean[]
) AS found (
  event_id, device_id, tenant_id, kind, reference, reference_version, occurred_at, confirmed_time, confirmed_digest,
  longitude, latitude, speed_kmh, details, historical
)
ON CONFLICT (event_id) DO UPDATE SET
  reference_version = excluded.reference_version,
  confirmed_time = excluded.confirmed_time,
  confirmed_digest = excluded.confirmed_digest,
  longitude = excluded.longitude,
  latitude = excluded.latitude,
  speed_kmh = excluded.speed_kmh,
  details = excluded.details,
  retracted_at = NULL,
  hidden = false
WHERE event.retracted_at IS NOT NULL OR (
  event.reference_version, event.confirmed_time, event.confirmed_digest, event.longitude, event.latitude,
  event.speed_kmh, event.details
) IS DISTINCT FROM (
  excluded.reference_version, excluded.confirmed_time, excluded.confirmed_digest, excluded.longitude, excluded.latitude,
  excluded.speed_kmh, excluded.details
)
RETURNING event.event_id, event.xmax = 0 AS is_new
