CREATE TABLE telemetry.event (
  event_id uuid PRIMARY KEY,
  device_id bigint NOT NULL REFERENCES telemetry.device (id),
  tenant_id text NOT NULL DEFAULT 'default',
  kind text NOT NULL,
  reference text NOT NULL,
  reference_version integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  confirmed_time timestamptz NOT NULL,
  confirmed_digest bigint NOT NULL,
  longitude integer NOT NULL,
  latitude integer NOT NULL,
  speed_kmh integer NOT NULL,
  details jsonb NOT NULL,
  historical boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retracted_at timestamptz
);
COMMENT ON COLUMN telemetry.event.confirmed_time IS 'Event time of the record that decided the event, with its digest.';
COMMENT ON COLUMN telemetry.event.historical IS 'Too old to tell anybody when it was found; no intent was written.';
COMMENT ON COLUMN telemetry.event.retracted_at IS 'A late record showed that this did not happen so.';
CREATE INDEX event_device_idx ON telemetry.event (device_id, confirmed_time, confirmed_digest);
