ALTER TABLE notification.record
  ADD COLUMN state text NOT NULL DEFAULT 'routed' CONSTRAINT record_state_ck CHECK (state IN ('waiting', 'routed')),
  ADD COLUMN routed_at timestamptz,
  ADD COLUMN next_lookup_at timestamptz,
  ADD COLUMN lookups integer NOT NULL DEFAULT 0,
  ADD COLUMN last_lookup_error text,
  ADD CONSTRAINT record_waiting_ck CHECK ((state = 'waiting') = (next_lookup_at IS NOT NULL));
COMMENT ON COLUMN notification.record.state IS 'waiting: accepted, but its recipients are not looked up yet, or an earlier one of its subject waits; it has no routes.';
CREATE INDEX record_waiting_idx ON notification.record (next_lookup_at) WHERE state = 'waiting';
CREATE INDEX record_waiting_subject_idx ON notification.record (tenant_id, subject, occurred_at) WHERE state = 'waiting';
