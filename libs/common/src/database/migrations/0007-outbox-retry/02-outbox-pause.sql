CREATE TABLE outbox.pause (
  topic text PRIMARY KEY,
  paused_by text NOT NULL,
  reason text NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE outbox.pause IS 'Topics that an operator holds: neither lane publishes to them, the others go on.';
