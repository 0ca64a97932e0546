CREATE TABLE notification.record (
  notification_id uuid PRIMARY KEY,
  tenant_id text NOT NULL,
  notification_type text NOT NULL,
  producer text NOT NULL,
  audience_kind text NOT NULL CHECK (audience_kind IN ('user', 'admin_email')),
  recipient_user_ids text[] NOT NULL,
  idempotency_key text NOT NULL,
  fingerprint text NOT NULL,
  subject text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  trace_id text,
  traceparent text NOT NULL,
  occurred_at timestamptz NOT NULL,
  expires_at timestamptz,
  accepted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT record_idempotency_uq UNIQUE (producer, idempotency_key)
);
COMMENT ON CONSTRAINT record_idempotency_uq ON notification.record IS 'The row is the reservation: the same intent again changes nothing.';
CREATE INDEX record_accepted_idx ON notification.record (accepted_at DESC, notification_id DESC);
