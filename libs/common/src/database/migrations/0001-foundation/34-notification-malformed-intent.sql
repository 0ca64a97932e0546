CREATE TABLE notification.malformed_intent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_entry_id text NOT NULL,
  fields_digest text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  producer text,
  notification_type text,
  raw_fields jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT malformed_intent_uq UNIQUE (stream_entry_id, fields_digest)
);
COMMENT ON CONSTRAINT malformed_intent_uq ON notification.malformed_intent IS 'A rebuilt Redis hands out entry ids again, so the id alone does not name an entry.';
