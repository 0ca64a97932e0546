CREATE TABLE notification.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  route_id text NOT NULL REFERENCES notification.route (route_id) ON DELETE CASCADE,
  notification_id uuid NOT NULL,
  tenant_id text NOT NULL,
  channel text NOT NULL,
  recipient text NOT NULL,
  attempts integer NOT NULL,
  error_class text NOT NULL,
  error_message text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notification.dead_letter IS 'One row per exhausted route; no application role may change a row.';
CREATE INDEX dead_letter_route_idx ON notification.dead_letter (route_id);
