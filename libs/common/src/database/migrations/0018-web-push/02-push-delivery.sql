CREATE TABLE notification.push_delivery (
  subscription_id bigint NOT NULL REFERENCES notification.push_subscription ON DELETE CASCADE,
  event_id text NOT NULL,
  body text NOT NULL,
  topic text,
  urgency text NOT NULL CHECK (urgency IN ('normal', 'high')),
  attempts integer NOT NULL DEFAULT 1,
  next_attempt_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, event_id)
);
COMMENT ON TABLE notification.push_delivery IS 'Web Push messages that a push service did not take at once and that are tried again until they expire.';
CREATE INDEX push_delivery_due_idx ON notification.push_delivery (next_attempt_at);
