CREATE TABLE ops.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tenant_id text NOT NULL DEFAULT 'default',
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE ops.audit IS 'Every operator action, append-only: no application role may change or delete a row.';
CREATE INDEX audit_subject_idx ON ops.audit (subject, at);
