CREATE TABLE ops.event_ledger (
  minute timestamptz NOT NULL,
  topic text NOT NULL,
  part smallint NOT NULL,
  stage text NOT NULL CHECK (stage IN ('committed', 'published', 'consumed', 'parked', 'skipped')),
  count bigint NOT NULL,
  hash bigint NOT NULL,
  PRIMARY KEY (minute, topic, part, stage)
);
COMMENT ON TABLE ops.event_ledger IS 'What became of the outbox''s messages, by the minute they were written in: of closed hours only, and there for longer than the messages.';
COMMENT ON COLUMN ops.event_ledger.stage IS 'consumed is missing where its stream had been trimmed by then. parked and skipped were not published: they waited, or an operator decided so.';
COMMENT ON COLUMN ops.event_ledger.hash IS 'XOR of ops.event_hash over the event ids: two stages with the same messages have the same.';

CREATE TABLE ops.ledger_hour (
  hour timestamptz PRIMARY KEY,
  generation bigint NOT NULL,
  xid xid8 NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.ledger_hour IS 'Hours whose messages are in the ledger: only their slots are reclaimed.';
COMMENT ON COLUMN ops.ledger_hour.xid IS 'Whoever wrote in this generation at or above it may have committed after the hour was counted.';
