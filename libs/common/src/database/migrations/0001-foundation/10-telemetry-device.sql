CREATE TABLE telemetry.device (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  imei text NOT NULL UNIQUE CHECK (imei ~ '^[0-9]{15}$'),
  tenant_id text NOT NULL DEFAULT 'default',
  name text NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);
COMMENT ON COLUMN telemetry.device.removed_at IS 'A removed device keeps its row: its positions name it, and adding the IMEI again revives it.';
-- The registry's projection asks every second what has changed.
CREATE INDEX device_changed_idx ON telemetry.device (greatest(created_at, updated_at, removed_at));
