ALTER TABLE notification.record
  ADD COLUMN lane text NOT NULL DEFAULT 'normal' CONSTRAINT record_lane_ck CHECK (lane IN ('normal', 'urgent')),
  ADD COLUMN stream_entry_id text;
COMMENT ON COLUMN notification.record.lane IS 'Of its type: what is urgent is looked up first and waits for nothing that is not.';
COMMENT ON COLUMN notification.record.stream_entry_id IS 'The entry of notification:intents that it was accepted from.';
DROP INDEX notification.record_waiting_idx;
DROP INDEX notification.record_waiting_subject_idx;
CREATE INDEX record_waiting_idx ON notification.record (lane DESC, next_lookup_at) WHERE state = 'waiting';
CREATE INDEX record_waiting_subject_idx ON notification.record (tenant_id, subject, lane, occurred_at, notification_id)
  WHERE state = 'waiting';
CREATE INDEX record_waiting_age_idx ON notification.record (accepted_at) WHERE state = 'waiting';
