-- Takes away the months that ended before `keep` ago, whole. One that holds a letter nobody has resolved is left: its
-- key still waits for an operator. One that is in use is left for the next time.
CREATE FUNCTION outbox.drop_dead_letter_months(keep interval) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  month_table text;
  has_open boolean;
  dropped text[] := '{}';
BEGIN
  IF keep < interval '1 day' THEN
    RAISE EXCEPTION 'keep must be at least a day, got %', keep USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR month_table IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'outbox.dead_letter'::regclass AND c.relname ~ '^dead_letter_[0-9]{6}$'
      AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= now() - keep
    ORDER BY c.relname
  LOOP
    BEGIN
      -- The parent first, as every reader and writer does: the other way round they would wait for each other.
      LOCK TABLE outbox.dead_letter IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('SELECT EXISTS (SELECT FROM outbox.%I WHERE resolved_at IS NULL)', month_table) INTO has_open;
      CONTINUE WHEN has_open;
      EXECUTE format('DROP TABLE outbox.%I', month_table);
      dropped := dropped || month_table;
    EXCEPTION WHEN lock_not_available THEN
      RAISE WARNING '% is in use and is left for the next time', month_table;
    END;
  END LOOP;
  RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION outbox.drop_dead_letter_months(interval) FROM PUBLIC;
