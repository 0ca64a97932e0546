CREATE TABLE telemetry.geofence (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL DEFAULT 'default',
  name text NOT NULL,
  longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
  latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
  radius_m double precision NOT NULL CHECK (radius_m > 0),
  hysteresis_m double precision NOT NULL CHECK (hysteresis_m >= 0),
  dwell_s integer NOT NULL CHECK (dwell_s >= 0),
  version integer NOT NULL DEFAULT 1,
  valid_from timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);
COMMENT ON COLUMN telemetry.geofence.valid_from IS 'Records before this event time are not judged by this version.';
CREATE UNIQUE INDEX geofence_name_uq ON telemetry.geofence (tenant_id, name) WHERE removed_at IS NULL;
