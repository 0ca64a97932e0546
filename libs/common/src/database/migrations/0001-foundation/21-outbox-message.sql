-- Insert-only. A ring of hour slots whose tables are truncated whole: no DELETE, no dead tuples, no table to create
-- in time, so no missing partition can fail a producer. 48 slots hold OUTBOX_KEEP (24 h) twice.
CREATE TABLE outbox.message (
  slot smallint NOT NULL DEFAULT ((extract(epoch FROM now())::bigint / 3600) % 48),
  generation bigint NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  part smallint NOT NULL CHECK (part BETWEEN 0 AND 15),
  topic text NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  tenant_id text NOT NULL,
  traceparent text NOT NULL,
  payload text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY LIST (slot);
COMMENT ON COLUMN outbox.message.payload IS 'JSON map of the target stream''s fields, all strings.';
CREATE INDEX message_position_idx ON outbox.message (part, generation, xid, id);

DO $$
BEGIN
  FOR slot IN 0..47 LOOP
    EXECUTE format('CREATE TABLE outbox.message_%s PARTITION OF outbox.message FOR VALUES IN (%s)', lpad(slot::text, 2, '0'), slot);
  END LOOP;
END
$$;
