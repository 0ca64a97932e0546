-- outbox.reclaim as 0001 made it.
-- Empties the hour slots that are older than `keep` and wholly read. Locks first and looks again, since a writer or a
-- rewound cursor may have come in between. Returns how many slots it emptied; a slot that is still needed is left.
-- Whoever reads the outbox waits while this waits for a slot: so it waits shortly, and ends after three in vain.
CREATE OR REPLACE FUNCTION outbox.reclaim(keep interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  this_hour bigint := extract(epoch FROM now())::bigint / 3600;
  keep_hours bigint := ceil(extract(epoch FROM keep) / 3600);
  slot_hour bigint;
  slot_name text;
  has_rows boolean;
  is_needed boolean;
  reclaimed integer := 0;
  in_use integer := 0;
BEGIN
  IF keep_hours < 1 OR keep_hours > 46 THEN
    RAISE EXCEPTION 'keep must be between 1 and 46 hours, got %', keep;
  END IF;
  -- The look after the lock needs a snapshot of its own: an older one would miss rows, and they would be lost.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'outbox.reclaim runs in READ COMMITTED only, got %', current_setting('transaction_isolation');
  END IF;
  FOR slot_hour IN SELECT generate_series(this_hour - 46, this_hour - keep_hours - 1) LOOP
    slot_name := 'message_' || lpad((slot_hour % 48)::text, 2, '0');
    EXECUTE format('SELECT EXISTS (SELECT FROM outbox.%I)', slot_name) INTO has_rows;
    CONTINUE WHEN NOT has_rows;
    BEGIN
      EXECUTE format('LOCK TABLE outbox.%I IN ACCESS EXCLUSIVE MODE', slot_name);
      -- One index probe for each part; a join could read the whole slot while everybody waits for its lock.
      EXECUTE format(
        'SELECT EXISTS (
           SELECT FROM outbox.cursor c, LATERAL (
             SELECT FROM outbox.%I m
             WHERE m.part = c.part AND (m.generation, m.xid, m.id) > (c.generation, c.xid, c.id)
             LIMIT 1) AS unread)', slot_name) INTO is_needed;
      IF NOT is_needed THEN
        EXECUTE format('TRUNCATE outbox.%I', slot_name);
        reclaimed := reclaimed + 1;
      END IF;
    EXCEPTION WHEN lock_not_available THEN
      RAISE WARNING 'outbox slot % is in use and is left for the next round', slot_name;
      in_use := in_use + 1;
      EXIT WHEN in_use = 3;
    END;
  END LOOP;
  RETURN reclaimed;
END
$$;
DROP FUNCTION ops.drop_ledger_hours(interval);
DROP FUNCTION ops.close_ledger_hour(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, boolean);
DROP FUNCTION ops.event_census(timestamptz, timestamptz, smallint[], bigint[], xid8[], bigint[], bigint[], bigint[], timestamptz, integer);
DROP FUNCTION ops.event_hash(text), ops.ledger_minute(timestamptz);
DROP TABLE ops.ledger_hour, ops.event_ledger;
ALTER TABLE notification.malformed_intent DROP COLUMN event_id;
ALTER TABLE notification.record DROP COLUMN event_id;
