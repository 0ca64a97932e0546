CREATE TABLE ops.stream_loss (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL,
  imei text,
  after_id text NOT NULL,
  last_id text NOT NULL,
  source text NOT NULL CHECK (source IN ('sink', 'edge', 'pending')),
  reported_by text NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE NULLS NOT DISTINCT (stream, imei, last_id, source)
);
COMMENT ON TABLE ops.stream_loss IS 'Stream entries that Redis had confirmed and holds no more: behind after_id up to last_id.';
COMMENT ON COLUMN ops.stream_loss.source IS 'sink: they are stored, only the stream lost them. edge: a device has its ack for them. pending: they were read and not stored yet.';
COMMENT ON COLUMN ops.stream_loss.imei IS 'The device whose entries they were, where that is known.';
