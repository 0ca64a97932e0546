-- The key holds the month: a unique key of a partitioned table must. DEFAULT takes what no month was made for, so that
-- a missed rotation can never keep a message from being given up.
CREATE TABLE outbox.dead_letter (
  LIKE outbox.dead_letter_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING IDENTITY,
  PRIMARY KEY (id, failed_at)
) PARTITION BY RANGE (failed_at);
COMMENT ON TABLE outbox.dead_letter IS 'Messages that were given up: the copy is final, only its resolution is added.';
CREATE INDEX dead_letter_failed_idx ON outbox.dead_letter (topic, failed_at);
CREATE INDEX dead_letter_retry_idx ON outbox.dead_letter (retry_id);
CREATE TABLE outbox.dead_letter_default PARTITION OF outbox.dead_letter DEFAULT;
