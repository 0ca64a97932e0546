CREATE TABLE telemetry.rule (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL DEFAULT 'default',
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('overspeed')),
  device_id bigint REFERENCES telemetry.device (id),
  settings jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  valid_from timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);
COMMENT ON COLUMN telemetry.rule.device_id IS 'Null: every device of the tenant.';
CREATE UNIQUE INDEX rule_name_uq ON telemetry.rule (tenant_id, name) WHERE removed_at IS NULL;
