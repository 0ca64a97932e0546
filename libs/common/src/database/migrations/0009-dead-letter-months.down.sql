CREATE TABLE outbox.dead_letter_whole (
  LIKE outbox.dead_letter INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING IDENTITY
);
INSERT INTO outbox.dead_letter_whole OVERRIDING SYSTEM VALUE SELECT * FROM outbox.dead_letter;
SELECT setval(pg_get_serial_sequence('outbox.dead_letter_whole', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM outbox.dead_letter), false);
DROP TABLE outbox.dead_letter;
DROP FUNCTION outbox.ensure_dead_letter_months(integer), outbox.drop_dead_letter_months(interval);
ALTER TABLE outbox.dead_letter_whole RENAME TO dead_letter;
ALTER SEQUENCE outbox.dead_letter_whole_id_seq RENAME TO dead_letter_id_seq;
ALTER TABLE outbox.dead_letter ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (id);
COMMENT ON TABLE outbox.dead_letter IS 'Messages that were given up: the copy is final, only its resolution is added.';
CREATE INDEX dead_letter_failed_idx ON outbox.dead_letter (topic, failed_at);
CREATE INDEX dead_letter_retry_idx ON outbox.dead_letter (retry_id);
GRANT SELECT, INSERT ON outbox.dead_letter TO odograph_relay;
GRANT SELECT, UPDATE (resolved_at, resolution), DELETE ON outbox.dead_letter TO odograph_ops;
