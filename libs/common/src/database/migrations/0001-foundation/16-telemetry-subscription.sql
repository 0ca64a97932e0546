CREATE TABLE telemetry.subscription (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL DEFAULT 'default',
  user_id text NOT NULL,
  device_id bigint REFERENCES telemetry.device (id),
  event_kind text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT subscription_uq UNIQUE NULLS NOT DISTINCT (tenant_id, user_id, device_id, event_kind)
);
COMMENT ON COLUMN telemetry.subscription.device_id IS 'Null: every device of the tenant.';
COMMENT ON COLUMN telemetry.subscription.event_kind IS 'Null: every kind of event.';
