CREATE TABLE telemetry.device_state (
  device_id bigint PRIMARY KEY REFERENCES telemetry.device (id),
  version bigint NOT NULL,
  last_time timestamptz,
  last_digest bigint,
  longitude integer,
  latitude integer,
  altitude_m smallint,
  angle_deg integer,
  speed_kmh integer,
  ignition boolean,
  movement boolean,
  settled jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE telemetry.device_state IS 'Latest accepted fix of a device and the rules'' memory after it; version rises with every change.';
COMMENT ON COLUMN telemetry.device_state.settled IS 'The rules'' state after the last record in event order.';
