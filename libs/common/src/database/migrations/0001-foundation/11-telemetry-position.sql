-- One row per AVL record, once: a resent record has the same device, time and digest. Integers are as on the wire
-- (degrees x 1e7); the IO block stays raw, since unpacking it is what costs.
CREATE TABLE telemetry.position (
  device_id bigint NOT NULL,
  time timestamptz NOT NULL,
  digest bigint NOT NULL,
  received_at timestamptz NOT NULL,
  longitude integer NOT NULL,
  latitude integer NOT NULL,
  altitude_m smallint NOT NULL,
  angle_deg integer NOT NULL,
  satellites smallint NOT NULL,
  speed_kmh integer NOT NULL,
  fix_valid boolean NOT NULL,
  priority smallint NOT NULL,
  event_io_id integer NOT NULL,
  ignition boolean,
  movement boolean,
  odometer_m bigint,
  external_voltage_mv integer,
  codec smallint NOT NULL,
  flags integer NOT NULL,
  raw_time_ms numeric,
  io bytea NOT NULL,
  PRIMARY KEY (device_id, time, digest)
) PARTITION BY RANGE (time);
COMMENT ON COLUMN telemetry.position.time IS 'Event time of the device; infinity where its clock was beyond the year 9999, then raw_time_ms holds it.';
COMMENT ON COLUMN telemetry.position.digest IS 'XXH64 of the record''s wire bytes, version 1.';
COMMENT ON COLUMN telemetry.position.flags IS 'Bits: 1 time out of range, 2 ahead of its arrival, 4 IO total mismatch, 8 coordinates out of range, 16 unknown priority.';
COMMENT ON COLUMN telemetry.position.io IS 'The record''s IO block as received, in the layout of codec.';
CREATE TABLE telemetry.position_default PARTITION OF telemetry.position DEFAULT;
