-- The states over the versions that they were settled from, or not at all (a first state has the version 1), and the
-- checkpoints behind them: the locks of the states are what makes two writers of a device wait for each other, so nothing
-- else of it may be locked before. What comes back is what was written, in one row.
WITH saved AS (
  INSERT INTO telemetry.device_state AS state (
    device_id, version, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
    settled
  )
  SELECT device_id, version, last_time, last_digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition,
    movement, settled
  FROM unnest(
    $1::bigint[], $2::timestamptz[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[], $7::integer[],
    $8::integer[], $9::boolean[], $10::boolean[], $11::jsonb[], $12::bigint[]
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
  RETURNING state.device_id, state.version, state.xmax = 0 AS is_new
), checkpoint AS (
  INSERT INTO telemetry.rule_checkpoint (device_id, time, digest, settled)
  SELECT * FROM unnest($13::bigint[], $14::timestamptz[], $15::bigint[], $16::jsonb[])
  WHERE (SELECT count(*) FROM saved) >= 0
  ON CONFLICT (device_id, time, digest) DO UPDATE SET settled = excluded.settled
)
SELECT array_agg(device_id) AS device_ids, array_agg(version) AS versions
FROM saved
-- A row that is gone (a restored database) is none that a later state may follow: xmax is 0 where a row was inserted.
WHERE version = 1 OR NOT is_new
