-- One page behind the last row of the one before: by key, so that no page costs more than another.
SELECT
  time, digest, received_at,
  longitude / 1e7::float8 AS longitude, latitude / 1e7::float8 AS latitude,
  altitude_m, angle_deg, satellites, speed_kmh, fix_valid, priority, event_io_id,
  ignition, movement, odometer_m, external_voltage_mv, flags, raw_time_ms
FROM telemetry.position
WHERE device_id = $1
  AND time >= $2::timestamptz AND ($3::timestamptz IS NULL OR time < $3)
  AND NOT faulty
  AND (time, digest) > ($4::timestamptz, $5::bigint)
ORDER BY time, digest
LIMIT $6
