CREATE TABLE outbox.replay (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  selection jsonb NOT NULL,
  as_new boolean NOT NULL,
  messages integer NOT NULL
);
COMMENT ON TABLE outbox.replay IS 'Lineage: which messages were published again, why, and whether under ids of their own.';
ALTER TABLE outbox.retry ADD CONSTRAINT retry_replay_fk FOREIGN KEY (replay_id) REFERENCES outbox.replay (id);
