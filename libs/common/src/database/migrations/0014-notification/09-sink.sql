CREATE TABLE notification.sink (
  stream text PRIMARY KEY,
  birth uuid NOT NULL,
  count bigint NOT NULL,
  entry_id text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE notification.sink IS 'The last entry of each target stream that the database has seen acknowledged: a Redis that does not have it any more has lost what came since.';
