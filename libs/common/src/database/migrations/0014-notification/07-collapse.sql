CREATE TABLE notification.collapse (
  tenant_id text NOT NULL,
  channel text NOT NULL,
  recipient text NOT NULL,
  collapse_key text NOT NULL,
  newest_occurred_at timestamptz NOT NULL,
  newest_notification_id uuid NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, channel, recipient, collapse_key)
) WITH (fillfactor = 70);
COMMENT ON TABLE notification.collapse IS 'The newest event, by its own time, of those that replace one another for a recipient: an older one that is not published yet is superseded, whatever order they arrive in.';
