-- Found from a state that is in doubt: what is there already, be it retracted, is left to the slices that settle it.
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
ON CONFLICT (event_id) DO NOTHING
RETURNING event.event_id, true AS is_new
