CREATE TABLE outbox.cursor (
  part smallint PRIMARY KEY CHECK (part BETWEEN 0 AND 15),
  generation bigint NOT NULL DEFAULT 0,
  xid xid8 NOT NULL DEFAULT '0',
  id bigint NOT NULL DEFAULT 0,
  acknowledged jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE outbox.cursor IS 'Everything of the part at or below this position is in its stream.';
COMMENT ON COLUMN outbox.cursor.acknowledged IS 'Per target stream the mark that Redis last confirmed: {"<stream>": {"epoch": "1", "count": 2, "mark": "<49 digits>"}}.';
INSERT INTO outbox.cursor (part) SELECT part FROM generate_series(0, 15) AS part;
