-- Over the version that the state was settled from, or not at all; a first state has the version 1. What comes back is
-- what was written.
INSERT INTO telemetry.device_state AS state (
  device_id, version, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
  settled
)
SELECT device_id, version, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
  settled::jsonb
FROM unnest(
  $1::bigint[], $2::timestamptz[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[], $7::integer[],
  $8::integer[], $9::boolean[], $10::boolean[], $11::text[], $12::bigint[]
) AS new (
  device_id, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement, settled,
  version
)
ON CONFLICT (device_id) DO UPDATE SET
  version = excluded.version,
  last_time = excluded.last_time,
  last_digest = excluded.last_digest,
  longitude = excluded.longitude,
  latitude = excluded.latitude,
  altitude_m = excluded.altitude_m,
  angle_deg = excluded.angle_deg,
  speed_kmh = excluded.speed_kmh,
  ignition = excluded.ignition,
  movement = excluded.movement,
  settled = excluded.settled,
  updated_at = now()
WHERE state.version = excluded.version - 1
RETURNING state.device_id, state.version
