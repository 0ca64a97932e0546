CREATE TABLE outbox.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  failed_at timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL CHECK (reason IN ('max_deliveries', 'retry_terminal', 'rejected')),
  retry_id bigint NOT NULL,
  kind text NOT NULL,
  part smallint NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  event_id text NOT NULL,
  tenant_id text NOT NULL,
  traceparent text NOT NULL,
  payload text NOT NULL,
  timer_id text,
  created_at timestamptz NOT NULL,
  deliveries integer NOT NULL,
  attempts integer NOT NULL,
  last_error text,
  resolved_at timestamptz,
  resolution text CHECK (resolution IN ('replayed', 'skipped')),
  CONSTRAINT dead_letter_resolved_ck CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);
COMMENT ON TABLE outbox.dead_letter IS 'Messages that were given up: the copy is final, only its resolution is added.';
COMMENT ON COLUMN outbox.dead_letter.retry_id IS 'The row of outbox.retry that holds the key until it is resolved.';
COMMENT ON COLUMN outbox.dead_letter.last_error IS 'At most 8,192 characters, without addresses, numbers of devices and secrets.';
CREATE INDEX dead_letter_failed_idx ON outbox.dead_letter (topic, failed_at);
CREATE INDEX dead_letter_retry_idx ON outbox.dead_letter (retry_id);
