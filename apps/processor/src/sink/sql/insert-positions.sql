-- Answers with the rows that are new; a record that is stored already is a repeat and changes nothing.
INSERT INTO telemetry.position (
  device_id, time, digest, received_at, longitude, latitude, altitude_m, angle_deg, satellites, speed_kmh, fix_valid,
  priority, event_io_id, ignition, movement, odometer_m, external_voltage_mv, codec, flags, raw_time_ms, io
)
SELECT *
FROM unnest(
  $1::bigint[], $2::timestamptz[], $3::bigint[], $4::timestamptz[], $5::integer[], $6::integer[], $7::smallint[],
  $8::integer[], $9::smallint[], $10::integer[], $11::boolean[], $12::smallint[], $13::integer[], $14::boolean[],
  $15::boolean[], $16::bigint[], $17::integer[], $18::smallint[], $19::integer[], $20::numeric[], $21::bytea[]
)
ON CONFLICT (device_id, time, digest) DO NOTHING
RETURNING device_id, time, digest
