ALTER TABLE notification.sink
  ADD COLUMN dedupe_id text NOT NULL DEFAULT '',
  ADD COLUMN settled int8multirange NOT NULL DEFAULT '{}';
COMMENT ON COLUMN notification.sink.dedupe_id IS 'Of the last entry: the id under which the sink remembers it.';
COMMENT ON COLUMN notification.sink.settled IS 'Numbers of the entries that routes were settled by, in this life of the sink: one that comes twice was lost in between.';
