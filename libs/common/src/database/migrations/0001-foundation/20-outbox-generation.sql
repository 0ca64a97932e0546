CREATE TABLE outbox.generation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  generation bigint NOT NULL
);
COMMENT ON TABLE outbox.generation IS 'One row, raised after a restore: a restored server hands out transaction ids a second time.';
INSERT INTO outbox.generation (generation) VALUES (1);
