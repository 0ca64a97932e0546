DROP INDEX notification.record_waiting_age_idx;
DROP INDEX notification.record_waiting_subject_idx;
DROP INDEX notification.record_waiting_idx;
ALTER TABLE notification.record DROP COLUMN stream_entry_id, DROP COLUMN lane;
CREATE INDEX record_waiting_idx ON notification.record (next_lookup_at) WHERE state = 'waiting';
CREATE INDEX record_waiting_subject_idx ON notification.record (tenant_id, subject, occurred_at) WHERE state = 'waiting';
