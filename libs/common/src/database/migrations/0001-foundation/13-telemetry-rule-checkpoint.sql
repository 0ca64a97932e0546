-- The rules' state just after a record, every so many records: a late record is settled by folding again from the
-- checkpoint before it, and only until the states agree again.
CREATE TABLE telemetry.rule_checkpoint (
  device_id bigint NOT NULL REFERENCES telemetry.device (id),
  time timestamptz NOT NULL,
  digest bigint NOT NULL,
  settled jsonb NOT NULL,
  PRIMARY KEY (device_id, time, digest)
);
