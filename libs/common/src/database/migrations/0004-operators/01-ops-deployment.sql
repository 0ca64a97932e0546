CREATE TABLE ops.deployment (
  name text PRIMARY KEY,
  value text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE ops.deployment IS 'What every process has to agree on, as the first one said it: an app whose setting differs does not start.';
