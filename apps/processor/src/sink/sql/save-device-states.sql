-- The states and the checkpoints of a batch, and the versions of the states in one row.
WITH checkpoint AS (
  INSERT INTO telemetry.rule_checkpoint (device_id, time, digest, settled)
  SELECT * FROM unnest($12::bigint[], $13::timestamptz[], $14::bigint[], $15::jsonb[])
  ON CONFLICT (device_id, time, digest) DO UPDATE SET settled = excluded.settled
), saved AS (
  INSERT INTO telemetry.device_state AS state (
    device_id, version, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
    settled
  )
  SELECT device_id, 1, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
    settled
  FROM unnest(
    $1::bigint[], $2::timestamptz[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[], $7::integer[],
    $8::integer[], $9::boolean[], $10::boolean[], $11::jsonb[]
  ) AS new (
    device_id, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement, settled
  )
  ON CONFLICT (device_id) DO UPDATE SET
    version = state.version + 1,
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
  RETURNING state.device_id, state.version
)
SELECT array_agg(device_id) AS device_ids, array_agg(version) AS versions FROM saved
